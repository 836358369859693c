"""A table of prices that a person edits goes in; what some tokens would cost elsewhere comes out.

The table is a TOML file. Looked for are, in this order: the one that is named; `price_table` of the configuration;
`prices.toml` in the working folder; the same in the person's configuration folder; and the example that comes with naze,
whose prices are no truth: each carries the day on which it was read.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from naze.configuration import Prices, read_configuration
from naze.errors import ConfigurationError

__all__ = ["EXAMPLE", "Cost", "Price", "PriceTable", "costs_of", "given_price", "read_prices"]

FILE_NAME = "prices.toml"
EXAMPLE = Path(__file__).with_name(FILE_NAME)
USUAL_DISCOUNT = 0.5
"""Where a price is given without one: what most providers take off for a batch."""


class Price(BaseModel):
    """What a model costs elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    input: Annotated[float, Field(ge=0)]
    """For a million tokens read."""
    output: Annotated[float, Field(ge=0)]
    """For a million tokens written."""
    batch_discount: Annotated[float, Field(ge=0, le=1)] = USUAL_DISCOUNT
    """The share that a batch is cheaper: 0.5 is half price."""
    as_of: date | None = None
    """The day on which the price was looked up."""
    source: str = ""


class PriceTable(BaseModel):
    """Prices in one currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = "USD"
    models: tuple[Price, ...]
    path: Path | None = None
    """The file that they stand in; None: they were given otherwise."""

    @property
    def example(self) -> bool:
        """Whether these are the prices that come with naze, which nobody here has looked up."""
        return self.path == EXAMPLE


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job would cost elsewhere."""

    name: str
    currency: str
    cost: float
    batch_cost: float
    """As a batch that may wait."""
    input: float
    """For a million tokens."""
    output: float
    batch_discount: float
    as_of: str | None
    """ISO 8601; None where nobody wrote it down."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary, ready for JSON."""
        return asdict(self)


def read_prices(path: str | Path | None = None) -> PriceTable:
    """Read a table of prices.

    Args:
        path: a TOML file; None: the first that is there, see the top of this module.

    Raises:
        ConfigurationError: a file that is missing or broken, or a price out of range.

    Example:
        >>> read_prices(EXAMPLE).models[0].batch_discount
        0.5
    """
    file = _find() if path is None else Path(path)
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: the prices cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}. Expected TOML, in UTF-8.") from error
    try:
        return PriceTable.model_validate({**found, "path": file})
    except ValidationError as error:
        raise ConfigurationError("\n".join(_explain(file, found, one) for one in error.errors())) from error


def costs_of(
    prompt_tokens: int, generated_tokens: int, prices: Sequence[Price], currency: str
) -> tuple[Cost, ...]:
    """Say what some tokens would cost. Another model cuts texts into other tokens, some 10 to 40 % more or fewer.

    Args:
        prompt_tokens: tokens to read.
        generated_tokens: tokens to write.
        prices: of the models to compare.
        currency: of the prices.
    """
    found = []
    for price in prices:
        cost = (prompt_tokens * price.input + generated_tokens * price.output) / 1e6
        found.append(
            Cost(
                name=price.name,
                currency=currency,
                cost=cost,
                batch_cost=cost * (1 - price.batch_discount),
                input=price.input,
                output=price.output,
                batch_discount=price.batch_discount,
                as_of=None if price.as_of is None else price.as_of.isoformat(),
            )
        )
    return tuple(found)


def given_price(prices: Prices) -> Price:
    """Take the one price of `naze.toml` or of the command line."""
    return Price(name="your price", input=prices.input, output=prices.output)


def _find() -> Path:
    configured = read_configuration().price_table
    if configured is not None:
        return configured
    folders = (Path.cwd(), Path(platformdirs.user_config_dir("naze", appauthor=False)))
    return next((path for folder in folders if (path := folder / FILE_NAME).is_file()), EXAMPLE)


def _explain(file: Path, found: dict[str, Any], error: Any) -> str:  # noqa: ANN401 - pydantic's own
    """Say in one line which price is wrong, what it is and what was expected."""
    place = [str(part) for part in error["loc"]]
    models = found.get("models")
    if len(place) > 1 and place[0] == "models" and isinstance(models, list) and place[1].isdigit():
        named = models[int(place[1])]
        name = named.get("name") if isinstance(named, dict) else None
        place = [f"model {name!r}" if name else f"the model at place {int(place[1]) + 1}", *place[2:]]
    said = error["msg"][:1].lower() + error["msg"][1:]
    return f"{file}: {': '.join(place)} is {error['input']!r}; {said}. `naze estimate --write-prices FILE` writes an example."
