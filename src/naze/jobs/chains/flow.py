"""A YAML file or dictionaries go in; a `Flow` of checked steps in an order in which they can run comes out."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from naze.errors import ConfigurationError, FormatError
from naze.jobs.chains.definition import DATA, KINDS, FanInStep, FanOutStep, JoinStep, Step, Unsure
from naze.prompts import language_name
from naze.suggesting import did_you_mean, did_you_mean_any
from naze.tables import LinedYaml, read_lined_yaml

__all__ = ["Flow", "read_flow"]

_KEYS = ("model", "language", "result", "steps")


@dataclass(frozen=True)
class Flow:
    """Steps that feed one another, from the table `data` to a result.

    Args:
        steps: name -> what the step says, as in YAML; or steps that are made already.
        model: answers where a step names none; None: the configuration's.
        language: of naze's own words in the prompts; None: Japanese where they are Japanese, else as configured.
        result: the step whose rows are the result; None: the last.
        name: what the chain's folder is named after.
        origin: the file, for messages.

    Raises:
        FormatError: a step that is none, or a key that does not exist.
        ConfigurationError: a step that is not there, or steps that wait for one another.

    Example:
        >>> flow = Flow({"long": {"filter": "length(text) > 20"}})
        >>> [step.name for step in flow.order]
        ['long']
    """

    steps: Mapping[str, Any]
    model: str | None = None
    language: str | None = None
    result: str | None = None
    name: str = "chain"
    origin: str = ""
    read: LinedYaml | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.steps:
            raise FormatError(f"{self.where()}: there are no steps; expected at least one.")
        if self.language is not None:
            language_name(self.language)
        made = {name: self._checked(name, body) for name, body in self.steps.items()}
        object.__setattr__(self, "steps", made)
        for step in made.values():
            self._check_inputs(step)
        if self.result is not None and self.result not in made:
            raise ConfigurationError(
                f"{self.where('result')}: there is no step {self.result!r}.{did_you_mean(self.result, made)}"
            )
        object.__setattr__(self, "_order", tuple(_sorted(self)))

    @property
    def order(self) -> "tuple[Step, ...]":
        """The steps, each behind those that it needs; otherwise as they stand."""
        return cast(tuple[Step, ...], self._order)  # type: ignore[attr-defined]

    @property
    def result_name(self) -> str:
        """The step whose rows are the result."""
        return self.result or list(self.steps)[-1]

    def step(self, name: str) -> Step:
        """Return a step by its name."""
        return cast(Step, self.steps[name])

    def source_of(self, step: Step) -> str:
        """Name what a step's rows come from: what it says, else the step that stands before it, else the data."""
        if step.source is not None:
            return step.source
        names = list(self.steps)
        place = names.index(step.name)
        return names[place - 1] if place else DATA

    def inputs(self, step: Step) -> tuple[str, ...]:
        """Name everything that a step needs, its own rows first."""
        first = self.source_of(step)
        if isinstance(step, JoinStep):
            return first, step.join
        if isinstance(step, FanInStep):
            return first, self.source_of(self.step(step.fan_in))
        return (first,)

    def ancestors(self, name: str) -> set[str]:
        """Name the steps that a step's rows come through, itself included."""
        found, waiting = set[str](), [name]
        while waiting:
            one = waiting.pop()
            if one != DATA and one not in found:
                found.add(one)
                waiting += self.inputs(self.step(one))
        return found

    def where(self, *way: str) -> str:
        """Say where something stands, for a message."""
        if self.read is None:
            return f"step {way[1]!r}" if len(way) > 1 else "the chain"
        line = f"{self.origin}, line {self.read.line_of(*way)}"
        return f"{line}, step {way[1]!r}" if len(way) > 1 else line

    def _checked(self, name: str, body: Any) -> Step:  # noqa: ANN401 - whatever stands in the file
        name = str(name)
        if name == DATA or not name.strip():
            raise FormatError(
                f"{self.where('steps', name)}: no step can have this name; {DATA!r} is the table that the chain is given."
            )
        if isinstance(body, tuple(KINDS.values())):
            return cast(Step, body)
        if not isinstance(body, Mapping):
            raise FormatError(
                f"{self.where('steps', name)}: expected one of {', '.join(KINDS)} and what it says."
            )
        kinds = [kind for kind in KINDS if kind in body]
        if not kinds or len(set(kinds) - {"prompt"}) > 1:
            found = ", ".join(map(repr, kinds or body)) or "nothing"
            near = did_you_mean_any(map(str, body), KINDS)
            raise FormatError(
                f"{self.where('steps', name)}: has {found}; expected exactly one of {', '.join(KINDS)}.{'' if kinds else near}"
            )
        try:
            return cast(Step, TypeAdapter(KINDS[kinds[0]]).validate_python({**body, "name": name}))
        except ValidationError as error:
            raise FormatError(self._explained(name, KINDS[kinds[0]], error)) from error

    def _explained(self, name: str, kind: type[Any], error: ValidationError) -> str:
        one = error.errors()[0]
        way = tuple(part for part in one["loc"] if not str(part).startswith(("list[", "dict[", "function-")))
        place = self.where("steps", name, *(str(part) for part in way[:2]))
        key = ".".join(str(part) for part in way) or "the step"
        if one["type"] == "unexpected_keyword_argument":
            fields = (Unsure if way[:1] == ("unsure",) and len(way) > 1 else kind).__dataclass_fields__
            known = [{"source": "from"}.get(name, name) for name in fields if name != "name"]
            return f"{place}: there is no key {key!r}; expected {', '.join(known)}.{did_you_mean(str(way[-1]), known)}"
        if one["type"] in ("missing", "missing_keyword_only_argument"):
            return f"{place}: {key!r} is missing."
        message = one["msg"][:1].lower() + one["msg"][1:]
        return f"{place}: {key} is {one['input']!r}; {message}."

    def _check_inputs(self, step: Step) -> None:
        for key, name in (
            ("from", step.source),
            ("join", getattr(step, "join", None)),
            ("fan_in", getattr(step, "fan_in", None)),
        ):
            if name is None or name in self.steps or (name == DATA and key != "fan_in"):
                continue
            known = [DATA, *self.steps]
            raise ConfigurationError(
                f"{self.where('steps', step.name, key)}: there is no step {name!r}; there are {', '.join(known)}."
                f"{did_you_mean(name, known)}"
            )
        if isinstance(step, FanInStep) and not isinstance(self.steps[step.fan_in], FanOutStep):
            raise ConfigurationError(
                f"{self.where('steps', step.name, 'fan_in')}: step {step.fan_in!r} does not fan out; expected one that does."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "read": None}

    def described(self) -> list[dict[str, Any]]:
        """Lay the steps out as what JSON can hold, in the order in which they run."""
        return [
            {
                **json.loads(json.dumps(asdict(step), default=_named)),
                "kind": kind_of(step),
                "inputs": self.inputs(step),
            }
            for step in self.order
        ]


def kind_of(step: Step) -> str:
    """Name the kind of a step by the key that tells it."""
    return next(kind for kind, record in KINDS.items() if isinstance(step, record))


def _named(value: object) -> str:
    """Name a function."""
    return f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', value)}"


def read_flow(path: str | Path) -> Flow:
    """Read a chain from a YAML file.

    Raises:
        FormatError: broken YAML, or something else than a chain; says in which line.
        ConfigurationError: a step that is not there, or steps that wait for one another.
    """
    read = read_lined_yaml(path)
    found = read.value
    if not isinstance(found, dict) or not isinstance(found.get("steps"), dict):
        raise FormatError(f"{path}: expected `steps:` with each step's name and what it says.")
    for key in found:
        if key not in _KEYS:
            raise FormatError(
                f"{path}, line {read.line_of(str(key))}: there is no key {key!r}; expected {', '.join(_KEYS)}."
                f"{did_you_mean(str(key), _KEYS)}"
            )
    for key in ("model", "language", "result"):
        if not isinstance(found.get(key), str | None):
            raise FormatError(f"{path}, line {read.line_of(key)}: {key} is {found[key]!r}; expected a text.")
    return Flow(
        {str(name): body for name, body in found["steps"].items()},
        model=found.get("model"),
        language=found.get("language"),
        result=found.get("result"),
        name=Path(path).stem,
        origin=str(path),
        read=read,
    )


def _sorted(flow: Flow) -> "list[Step]":
    """Order the steps so that each comes behind those that it needs.

    Raises:
        ConfigurationError: steps wait for one another; names the way around.
    """
    done: dict[str, Step] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name == DATA or name in done:
            return
        if name in way:
            around = [*way[way.index(name) :], name]
            raise ConfigurationError(
                f"{flow.where('steps', name)}: the steps wait for one another: {' needs '.join(map(repr, around))}. "
                "Let one of them come `from` another step, or from `data`."
            )
        for needed in flow.inputs(flow.step(name)):
            visit(needed, (*way, name))
        done[name] = flow.step(name)

    for name in flow.steps:
        visit(name, ())
    return list(done.values())
