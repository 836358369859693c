"""A flow and the columns of its data go in; the columns of every step come out, or what is wrong with one.

So that a column that does not exist is found before a model is asked.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from naze.configuration import read_configuration
from naze.errors import InputError, NazeError
from naze.jobs.chains.definition import (
    DATA,
    FanInStep,
    FanOutStep,
    FilterStep,
    FunctionStep,
    GroupStep,
    JoinStep,
    PromptStep,
)
from naze.jobs.chains.flow import Flow
from naze.jobs.mapping.columns import added_columns
from naze.jobs.questions import Question, as_asked, language_of
from naze.jobs.schemas import as_schema
from naze.prompts import RowPrompts, Template
from naze.suggesting import did_you_mean
from naze.tables.selecting import check_condition

__all__ = ["GROUP_COLUMNS", "as_question", "flow_language", "step_columns"]

GROUP_COLUMNS = ("", "_rows", "_tokens", "_status", "_reason")
"""What a step that groups adds, behind its name."""
Columns = tuple[str, ...]


def step_columns(flow: Flow, data: Sequence[str]) -> dict[str, Columns]:
    """Name the columns of every step, `data` included.

    Raises:
        NazeError: a step that names a column that there is not, or makes one that is there already; says where.
    """
    known: dict[str, Columns] = {DATA: tuple(data)}
    language = flow_language(flow)
    for step in flow.order:
        inputs = [known[name] for name in flow.inputs(step)]
        try:
            known[step.name] = _RULES[type(step)](step, inputs, language)
        except NazeError as error:
            raise type(error)(f"{flow.where('steps', step.name)}: {error}") from error
    return known


def flow_language(flow: Flow) -> str:
    """Tell the language of naze's own words in a flow's prompts."""
    prompts = [step.prompt for step in flow.order if isinstance(step, PromptStep | GroupStep)]
    return flow.language or language_of(prompts, read_configuration().language)


def as_question(step: PromptStep) -> Question:
    """Return what a step asks."""
    choices = step.choices
    meanings = {} if isinstance(choices, list) else {name: text for name, text in choices.items() if text}
    schema = None if step.schema is None else as_schema(step.schema)
    prefix = f"{step.name}_" if step.fields else None
    return Question(
        step.name, step.prompt, tuple(choices), definitions=meanings, schema=schema, fields_prefix=prefix
    )


def _prompted(step: PromptStep, inputs: Sequence[Columns], language: str) -> Columns:
    asked = as_asked(as_question(step), language, step.instruction, lambda _: True)
    RowPrompts([asked.template], inputs[0])
    added = [*added_columns([asked]), *([f"{step.name}_model"] if step.unsure else [])]
    _check_free(added, inputs[0])
    return (*inputs[0], *added)


def _grouped(step: GroupStep, inputs: Sequence[Columns], language: str) -> Columns:
    _check_there(step.group, inputs[0])
    Template(step.name, language, "", step.each, "").check_names(dict.fromkeys([*inputs[0], "row"]))
    Template(step.name, language, "", "", step.prompt).check_names(dict.fromkeys(step.group))
    if step.combine is not None:
        Template(step.name, language, "", "", step.combine).check_names(dict.fromkeys(step.group))
    added = [step.name + behind for behind in GROUP_COLUMNS]
    _check_free(added, step.group)
    return (*step.group, *added)


def _filtered(step: FilterStep, inputs: Sequence[Columns], language: str) -> Columns:
    check_condition(step.filter, inputs[0])
    return inputs[0]


def _computed(step: FunctionStep, inputs: Sequence[Columns], language: str) -> Columns:
    _check_free(step.adds, inputs[0])
    return (*inputs[0], *step.adds)


def _fanned_out(step: FanOutStep, inputs: Sequence[Columns], language: str) -> Columns:
    _check_there([step.fan_out], inputs[0])
    rest = tuple(name for name in inputs[0] if name != step.fan_out)
    _check_free([step.name, f"{step.name}_reason"], rest)
    return (*rest, step.name, f"{step.name}_reason")


def _fanned_in(step: FanInStep, inputs: Sequence[Columns], language: str) -> Columns:
    children, parents = inputs
    _check_there(step.collect, children)
    _check_free(step.collect, parents)
    return (*parents, *step.collect)


def _joined(step: JoinStep, inputs: Sequence[Columns], language: str) -> Columns:
    left, right = inputs
    for side in (left, right):
        _check_there(step.on, side)
    added = [name for name in right if name not in left]
    if not added:
        raise InputError(f"step {step.join!r} has no column that is not there already: nothing to join.")
    return (*left, *added)


_RULES: dict[type[Any], Callable[[Any, Sequence[Columns], str], Columns]] = {
    PromptStep: _prompted,
    GroupStep: _grouped,
    FilterStep: _filtered,
    FunctionStep: _computed,
    FanOutStep: _fanned_out,
    FanInStep: _fanned_in,
    JoinStep: _joined,
}


def _check_there(wanted: Iterable[str], columns: Columns) -> None:
    for name in wanted:
        if name not in columns:
            raise InputError(
                f"there is no column {name!r}; there are {', '.join(columns)}.{did_you_mean(name, columns)}"
            )


def _check_free(added: Iterable[str], columns: Sequence[str]) -> None:
    for name in added:
        if name in columns:
            raise InputError(f"a column {name!r} would be added, and there is one already; rename the step.")
