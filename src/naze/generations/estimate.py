"""Before a run: how many rows and tokens, and how long here. What it would cost elsewhere: `prices.py`."""

import math
import random
import time
from dataclasses import asdict, dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

from naze.engines.protocol import Engine
from naze.generations.intervals import student_90
from naze.generations.run import Source
from naze.records import Fit, Prompt, Sampling

_COUNTED_TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will take."""

    rows: int
    overflow: int
    """Rows that would not be asked: they do not fit the context, or there is nothing to ask."""
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

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary, ready for JSON."""
        return asdict(self)


def estimate(
    source: Source,
    engine: Engine,
    sampling: Sampling,
    *,
    sample_rows: int = 16,
) -> Estimate:
    """Count a job's rows and tokens, and measure its speed on a few rows, really asked, all at once as in the job.

    The time is a ratio estimate: seconds of the sample by its tokens, times the tokens of all rows. The interval
    is Student's, from how far single rows lie from that ratio. It knows neither of a machine that becomes busier
    later nor of an engine that is faster still with more rows at once than the sample has.

    Source: Cochran 1977, Sampling Techniques, section 6.4 (the ratio estimate and its variance).

    Args:
        source: the rows.
        engine: answers the sample.
        sampling: as the job would use it.
        sample_rows: how many rows to ask, spread over the input.
    """
    rows, fits, tokens, sample = _count(source, engine, sample_rows)
    asked = rows - fits[Fit.OVERFLOW]
    measured = _measure(sample, engine, sampling)
    all_generated = round(measured.generated * asked)
    work = tokens + measured.generated * asked
    seconds = work * measured.seconds_a_token
    margin = work * measured.margin * math.sqrt(max(0.0, 1 - len(sample) / max(1, asked)))
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
    )


def _count(source: Source, engine: Engine, sample_rows: int) -> tuple[int, dict[Fit, int], int, list[Prompt]]:
    """Go through all rows once; keep a random sample, the same every time.

    Random, since files have patterns (each vote twice with its sides swapped) that every n-th row would follow.
    """
    fits = dict.fromkeys(Fit, 0)
    rows = tokens = 0
    chance = random.Random(0)
    drawn: list[tuple[float, int, Prompt]] = []
    iterator = iter(source())
    while batch := list(islice(iterator, _COUNTED_TOGETHER)):
        whole = [row for row in batch if row.fit is not Fit.OVERFLOW and row.problem is None]
        uncounted = [row.prompt for row in whole if row.tokens is None]
        tokens += sum(row.tokens for row in whole if row.tokens is not None) + sum(
            engine.count_tokens(uncounted)
        )
        for position, row in enumerate(batch, rows):
            fits[row.fit if row.problem is None else Fit.OVERFLOW] += 1
            if row.fit in (Fit.WHOLE, Fit.SHORTENED) and row.problem is None:
                drawn.append((chance.random(), position, row.prompt))
        drawn = sorted(drawn, key=itemgetter(0))[: max(0, sample_rows)]
        rows += len(batch)
    return rows, fits, tokens, [prompt for _, _, prompt in sorted(drawn, key=itemgetter(1))]


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the sample took."""

    generated: float = 0.0
    """Tokens a row, on average."""
    seconds_a_token: float = 0.0
    """Of prompt and answer."""
    margin: float = 0.0
    """Half the width of the 90 % interval of `seconds_a_token`."""


def _measure(sample: list[Prompt], engine: Engine, sampling: Sampling) -> _Measured:
    """Ask the sample; share its time out to its rows by how long each was under way.

    The first row is asked beforehand and not timed: an engine that was just opened is slow once.
    """
    if not sample:
        return _Measured()
    if len(sample) > 1:
        list(engine.answer(sample[:1], sampling))
        sample = sample[1:]
    began = time.perf_counter()
    found = list(engine.answer(sample, sampling))
    seconds = time.perf_counter() - began
    answers = [answer for _, answer in found]
    generated = sum(answer.generated_tokens for answer in answers) / len(answers)
    work = [tokens + generated for tokens in engine.count_tokens([prompt for prompt, _ in found])]
    under_way = sum(answer.seconds for answer in answers)
    shares = [answer.seconds / under_way if under_way else 1 / len(answers) for answer in answers]
    ratio = seconds / max(1.0, sum(work))
    residuals = [share * seconds - ratio * row for share, row in zip(shares, work, strict=True)]
    return _Measured(generated, ratio, _margin(residuals, work) if len(work) > 1 else ratio)


def _margin(residuals: list[float], work: list[float]) -> float:
    """Half the width of the 90 % interval of a ratio, from how far each of at least two rows lies beside it."""
    free = len(residuals) - 1
    variance = sum(residual**2 for residual in residuals) / free
    return student_90(free) * math.sqrt(variance / len(residuals)) / max(1.0, sum(work) / len(work))
