"""A step that calls a Python function with all rows as one polars table.

The table has a column `naze id` beside the others. A function that returns every row in order may drop it; one that
drops, repeats or reorders rows keeps it, so that each row can still be followed.
"""

import hashlib
import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from naze.errors import ConfigurationError, StepError
from naze.jobs.chains.context import Context, MadeStep
from naze.jobs.chains.definition import FunctionStep
from naze.jobs.chains.flow import Flow
from naze.jobs.chains.rows import HIDDEN, ID, StepRows
from naze.suggesting import did_you_mean
from naze.tables import PROBLEM

if TYPE_CHECKING:
    import polars as pl

__all__ = ["call_function", "find_function"]


def call_function(step: FunctionStep, inputs: tuple[StepRows, ...], here: Path, context: Context) -> MadeStep:
    """Call a function; its source is part of what decides the rows, so that an edited one is called again."""
    [rows] = inputs
    function = find_function(step, context.flow)
    decides = [step.adds, step.rows, getattr(function, "__qualname__", ""), _source(function)]
    identity = hashlib.sha256(json.dumps(decides).encode()).hexdigest()

    def batches(_: Path) -> "Iterator[pl.DataFrame]":
        given = rows.frame()
        try:
            returned = function(given.drop(PROBLEM))
        except Exception as error:  # a person's function may raise anything: the chain says which step it was
            raise StepError(
                f"step {step.name!r}: {_name(function)} failed with {type(error).__name__}: {error}. What the steps "
                "before it made is stored; mend the function and run the same command again."
            ) from error
        yield _checked(step, function, given, returned)

    return MadeStep(identity, None, batches)


def find_function(step: FunctionStep, flow: Flow) -> Callable[..., Any]:
    """Return a step's function; a module beside the flow's file is found as well as one on Python's path.

    Raises:
        ConfigurationError: there is none.
    """
    if not isinstance(step.function, str):
        return step.function
    where = flow.where("steps", step.name, "function")
    module_name, separator, name = step.function.partition(":")
    if not separator or not module_name or not name:
        raise ConfigurationError(f"{where}: function is {step.function!r}; expected module:function.")
    module = _module(module_name, Path(flow.origin).parent if flow.origin else Path.cwd(), where)
    found = getattr(module, name, None)
    if not callable(found):
        known = [known for known, value in vars(module).items() if inspect.isfunction(value)]
        raise ConfigurationError(
            f"{where}: the module {module_name!r} has no function {name!r}.{did_you_mean(name, known)}"
        )
    return found  # type: ignore[no-any-return]  # checked to be callable


def _module(name: str, beside: Path, where: str) -> ModuleType:
    path = beside / (name.replace(".", "/") + ".py")
    try:
        if not path.is_file():
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    except Exception as error:  # whatever a person's module does on import
        raise ConfigurationError(
            f"{where}: the module {name!r} cannot be loaded ({type(error).__name__}: {error}); looked for {path} and "
            "on Python's path."
        ) from error


def _source(function: Callable[..., Any]) -> str:
    """Return the source of the module that a function stands in; where there is none, the function's own code."""
    try:
        return Path(inspect.getsourcefile(function) or "").read_text(encoding="utf-8")
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return repr((code.co_code, code.co_consts, code.co_names)) if code else repr(function)


def _name(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', function)}"


def _checked(
    step: FunctionStep,
    function: Callable[..., Any],
    given: "pl.DataFrame",
    returned: Any,  # noqa: ANN401
) -> "pl.DataFrame":
    """See that a function returned what it says: the rows and the columns."""
    import polars as pl

    where = f"step {step.name!r}: {_name(function)}"
    if isinstance(returned, pl.LazyFrame):
        returned = returned.collect()
    if not isinstance(returned, pl.DataFrame):
        raise StepError(
            f"{where} returned {type(returned).__name__}; expected the polars table that it was given."
        )
    if ID not in returned.columns:
        if step.rows != "same" or returned.height != given.height:
            raise StepError(f"{where} returned {_counted(returned, given)}" + _remedy(step, returned, given))
        returned = returned.with_columns(given[ID])
    _check_rows(step, where, given, returned)
    wanted = [*(name for name in given.columns if name not in HIDDEN), *step.adds]
    for name in wanted:
        if name not in returned.columns:
            raise StepError(f"{where} returned no column {name!r}; expected {', '.join(wanted)}.")
    for name in returned.columns:
        if name not in wanted and name not in HIDDEN:
            raise StepError(
                f"{where} returned a column {name!r} that is not announced; say `adds: [{', '.join([*step.adds, name])}]`."
            )
    kept = returned.select([ID, *wanted])
    return _in_order(step, given, kept)


def _check_rows(step: FunctionStep, where: str, given: "pl.DataFrame", returned: "pl.DataFrame") -> None:
    ids, known = returned[ID].to_list(), set(given[ID])
    strange = next((row_id for row_id in ids if row_id not in known), None)
    if strange is not None:
        raise StepError(
            f"{where} returned a row whose {ID!r} is {strange!r}, which it was not given; leave that column as it is."
        )
    once = len(set(ids)) == len(ids)
    if step.rows == "same" and not (once and len(ids) == given.height):
        raise StepError(f"{where} returned {_counted(returned, given)}" + _remedy(step, returned, given))
    if step.rows == "fewer" and not once:
        raise StepError(f"{where} returned a row twice, though it says `rows: fewer`; say `rows: more`.")


def _counted(returned: "pl.DataFrame", given: "pl.DataFrame") -> str:
    return f"{returned.height:,} rows for {given.height:,}"


def _remedy(step: FunctionStep, returned: "pl.DataFrame", given: "pl.DataFrame") -> str:
    if step.rows != "same":
        return f", without the column {ID!r}; keep it, so that the rows can be followed."
    kind = "fewer" if returned.height < given.height else "more"
    return (
        f"; expected every row once. A step that means to {'drop' if kind == 'fewer' else 'add'} rows says `rows: {kind}` and "
        f"keeps the column {ID!r}."
    )


def _in_order(step: FunctionStep, given: "pl.DataFrame", returned: "pl.DataFrame") -> "pl.DataFrame":
    """Bring the rows into the order in which they were given; name repeated ones as a fan-out does."""
    import polars as pl

    places = given.select(ID, PROBLEM).with_row_index("naze place")
    whole = returned.join(places, on=ID, how="left", maintain_order="left").sort(
        "naze place", maintain_order=True
    )
    if step.rows == "more":
        number = (pl.int_range(pl.len()).over(ID) + 1).cast(pl.String)
        whole = whole.with_columns(pl.col(ID) + "." + number)
    return whole.drop("naze place")
