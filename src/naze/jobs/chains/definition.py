"""What each step of a chain may say: records that pydantic fills from YAML or from dictionaries, and checks.

The kind of a step is told by the key that only its kind has: `prompt`, `filter`, `function`, `group`, `fan_out`,
`fan_in` or `join`.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from naze.prompts import Policy

__all__ = [
    "DATA",
    "KINDS",
    "FanInStep",
    "FanOutStep",
    "FilterStep",
    "FunctionStep",
    "GroupStep",
    "JoinStep",
    "PromptStep",
    "Step",
    "Unsure",
]

DATA = "data"
"""What steps call the table that the chain is given."""

_CHECKED = ConfigDict(extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)
_Name = Annotated[str, Field(min_length=1)]
_Source = Annotated[str | None, Field(alias="from")]
_Share = Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class Unsure:
    """When a bigger model is asked as well."""

    model: _Name
    """Who is asked about the rows of which the step's own model is unsure, or has no answer."""
    below: Annotated[float, Field(gt=0, le=1)] | None = None
    """A row is unsure when its likeliest choice has less probability than this."""
    agreement: _Share | None = None
    """Instead of `below`: choose it on a sample, so that the answers agree with the bigger model's this often."""
    sample: Annotated[int, Field(ge=1)] = 200
    """How many rows both models are asked about to choose it."""


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class PromptStep:
    """Asks a model about every row; the answer becomes a column named like the step."""

    name: _Name
    source: _Source = None
    prompt: _Name
    choices: list[str] | dict[str, str | None] = field(default_factory=list)
    """When given, the model chooses; a mapping says what each choice means."""
    schema: dict[str, Any] | str | None = None
    """JSON Schema of the answer; or its file, or `module:Model`, a pydantic model."""
    fields: bool = False
    """With a schema: each of its properties becomes a column of its own, `<step>_<property>`."""
    instruction: str | None = None
    max_tokens: Annotated[int, Field(ge=1)] = 256
    temperature: Annotated[float, Field(ge=0)] = 0.0
    fit: Policy = "shorten"
    model: str | None = None
    """None: the flow's."""
    long_model: str | None = None
    unsure: Unsure | None = None


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class FilterStep:
    """Keeps the rows for which an SQL condition holds."""

    name: _Name
    source: _Source = None
    filter: _Name
    """As DuckDB reads it, over the columns."""


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class FunctionStep:
    """Calls a Python function with rows as a polars table; it returns them, with what it adds."""

    name: _Name
    source: _Source = None
    function: str | Callable[..., Any]
    """`module:function`, or the function itself."""
    adds: list[_Name] = field(default_factory=list)
    """The columns that it adds."""
    rows: Literal["same", "fewer", "more"] = "same"
    """Whether it returns every row once (`same`), may drop rows, or may repeat and drop them."""


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class GroupStep:
    """Groups the rows by columns and asks a model about all rows of each group; one row for each group remains."""

    name: _Name
    source: _Source = None
    group: list[_Name]
    """Columns; an empty list makes one group of all rows."""
    each: _Name
    """Jinja2 text over the columns: how a row is shown."""
    prompt: _Name
    """What is asked of the rows of a group. Knows the columns that they are grouped by."""
    combine: str | None = None
    """How partial answers are put together where the rows do not fit one prompt; None: naze's own words."""
    instruction: str | None = None
    max_tokens: Annotated[int, Field(ge=1)] = 256
    temperature: Annotated[float, Field(ge=0)] = 0.0
    model: str | None = None


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class FanOutStep:
    """Makes a row of every item in a column of lists."""

    name: _Name
    source: _Source = None
    fan_out: _Name
    """The column: lists, texts that hold a JSON list, or texts that `split` cuts."""
    split: Literal["list", "lines", "sentences"] = "list"


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class FanInStep:
    """Brings rows that were fanned out back to the rows that they came from, as columns of lists."""

    name: _Name
    source: _Source = None
    fan_in: _Name
    """The step that fanned out."""
    collect: Annotated[list[_Name], Field(min_length=1)]
    """The columns whose values become lists, in the order of the items; rows that were dropped have no item."""


@dataclass(frozen=True, config=_CHECKED, kw_only=True)
class JoinStep:
    """Puts the columns of another step beside the rows; every row stays."""

    name: _Name
    source: _Source = None
    join: _Name
    """The other step."""
    on: list[_Name] = field(default_factory=list)
    """Columns that both have; empty: the same rows of the data."""


Step = PromptStep | FilterStep | FunctionStep | GroupStep | FanOutStep | FanInStep | JoinStep

KINDS: Mapping[str, type[Any]] = {
    "group": GroupStep,  # before `prompt`, which it also has
    "prompt": PromptStep,
    "filter": FilterStep,
    "function": FunctionStep,
    "fan_out": FanOutStep,
    "fan_in": FanInStep,
    "join": JoinStep,
}
"""The key that tells a kind of step -> its record."""
