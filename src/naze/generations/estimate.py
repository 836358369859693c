"""Before a run: how many rows and tokens, how long here, and what it would cost elsewhere."""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from naze.engines.protocol import Engine
from naze.errors import ConfigurationError
from naze.generations.run import Source
from naze.records import Fit, Prompt, Sampling

BATCH_DISCOUNT = 0.5
"""What providers take for a batch that may wait a day, as a share of the usual price."""
_STUDENT_90 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833)
"""Two-sided 90 % points of Student's t for 1 to 9 degrees of freedom."""
_COUNTED_TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will take."""

    rows: int
    overflow: int
    """Rows that do not fit the context and would not be asked."""
    shortened: int
    routed: int
    prompt_tokens: int
    """Of all rows that would be asked, counted by the model's own tokenizer."""
    generated_tokens: int
    """Expected, from the rows asked here."""
    sample_rows: int
    """Rows really asked here to measure the speed."""
    seconds: float
    seconds_low: float
    """The 90 % interval of `seconds`."""
    seconds_high: float
    cost: float | None
    """At the prices given; None when none was given."""
    batch_cost: float | None
    """At a batch discount of 50 %."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary, ready for JSON."""
        return asdict(self)


def estimate(
    source: Source,
    engine: Engine,
    sampling: Sampling,
    *,
    sample_rows: int = 8,
    prices: Mapping[str, float] | None = None,
) -> Estimate:
    """Count a job's rows and tokens, and measure its speed on a few rows, really asked.

    The time is tokens divided by the speed of small groups of rows; the interval is Student's, from how the
    groups differ. It does not know of a machine that becomes busier later.

    Args:
        source: the rows.
        engine: answers the sample.
        sampling: as the job would use it.
        sample_rows: how many rows to ask, spread over the input.
        prices: `{"input": …, "output": …}`, in any currency for a million tokens.

    Raises:
        ConfigurationError: prices without `input` or `output`, or below 0.
    """
    rates = _prices(prices)
    rows, fits, tokens, sample = _count(source, engine, sample_rows)
    asked = rows - fits[Fit.OVERFLOW]
    speeds, generated = _measure(sample, engine, sampling)
    mean_generated = generated / len(sample) if sample else 0.0
    all_generated = round(mean_generated * asked)
    seconds = (tokens + all_generated) * _mean(speeds)
    margin = (tokens + all_generated) * _margin(speeds)
    cost = None if rates is None else (tokens * rates[0] + all_generated * rates[1]) / 1e6
    return Estimate(
        rows=rows,
        overflow=fits[Fit.OVERFLOW],
        shortened=fits[Fit.SHORTENED],
        routed=fits[Fit.ROUTED],
        prompt_tokens=tokens,
        generated_tokens=all_generated,
        sample_rows=len(sample),
        seconds=seconds,
        seconds_low=max(0.0, seconds - margin),
        seconds_high=seconds + margin,
        cost=cost,
        batch_cost=None if cost is None else cost * BATCH_DISCOUNT,
    )


def _prices(prices: Mapping[str, float] | None) -> tuple[float, float] | None:
    if prices is None:
        return None
    if set(prices) != {"input", "output"} or min(prices.values()) < 0:
        raise ConfigurationError(
            f"prices are {dict(prices)!r}; expected input and output, for a million tokens each, at least 0."
        )
    return float(prices["input"]), float(prices["output"])


def _count(source: Source, engine: Engine, sample_rows: int) -> tuple[int, dict[Fit, int], int, list[Prompt]]:
    """Go through all rows once; keep a sample spread over them."""
    fits = dict.fromkeys(Fit, 0)
    rows = tokens = 0
    sample: list[Prompt] = []
    every = 1
    iterator = iter(source())
    while batch := list(islice(iterator, _COUNTED_TOGETHER)):
        for row in batch:
            fits[row.fit] += 1
        whole = [row for row in batch if row.fit is not Fit.OVERFLOW]
        uncounted = [row.prompt for row in whole if row.tokens is None]
        tokens += sum(row.tokens for row in whole if row.tokens is not None) + sum(
            engine.count_tokens(uncounted)
        )
        for index, row in enumerate(batch, rows):
            if row.fit in (Fit.WHOLE, Fit.SHORTENED) and index % every == 0:
                sample.append(row.prompt)
        rows += len(batch)
        while len(sample) > max(sample_rows, 1) * 2:
            sample, every = sample[::2], every * 2
    step = max(1, len(sample) // max(1, sample_rows))
    return rows, fits, tokens, sample[::step][:sample_rows]


def _measure(sample: list[Prompt], engine: Engine, sampling: Sampling) -> tuple[list[float], int]:
    """Ask the sample in up to four groups.

    Returns:
        Seconds for each token of each group, and the tokens generated in all.
    """
    speeds, generated = [], 0
    size = max(1, math.ceil(len(sample) / 4))
    for start in range(0, len(sample), size):
        began = time.perf_counter()
        answers = [answer for _, answer in engine.answer(sample[start : start + size], sampling)]
        seconds = time.perf_counter() - began
        generated += sum(answer.generated_tokens for answer in answers)
        speeds.append(
            seconds / max(1, sum(answer.prompt_tokens + answer.generated_tokens for answer in answers))
        )
    return speeds, generated


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _margin(values: list[float]) -> float:
    """Half the width of Student's 90 % interval of the mean; the whole mean when there is one value only."""
    if len(values) < 2:
        return _mean(values)
    mean = _mean(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return _STUDENT_90[min(len(values) - 1, len(_STUDENT_90)) - 1] * math.sqrt(variance / len(values))
