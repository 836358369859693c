"""The figures that others publish for factors, beside naze's, on the same votes.

Enters: the folder of a finished factors run. Leaves: a Markdown table, the rank correlation of the two strengths, and, as
the last line, JSON.

Feedback Forensics leaves ties out and shows relevance, agreement, kappa and strength = relevance x kappa from hard
verdicts (`naze.factors.published`). naze shows coverage, accuracy and Cohen's kappa with intervals, tie lift, q-values
and what a factor adds to length and markdown.
"""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from naze.factors.resampling import Estimate
from naze.factors.result import Factors, open_factors
from naze.factors.tested import FactorTest

HEAD = (
    "factor", "relevance", "agreement", "kappa (published)", "strength", "coverage", "accuracy", "kappa (Cohen)", "tie lift",
    "q", "log loss drop", "holds",
)  # fmt: skip


def row(name: str, test: FactorTest) -> tuple[str, ...]:
    """Lay one factor out: the published figures first, naze's after them."""
    theirs = test.published
    return (
        name,
        plain(theirs.relevance),
        plain(theirs.agreement),
        plain(theirs.kappa),
        plain(theirs.strength),
        written(test.coverage),
        written(test.accuracy),
        written(test.kappa),
        written(test.lift),
        plain(test.q_value, 3),
        written(test.log_loss_drop, 3),
        "yes" if test.passed else f"no ({test.why.value.replace('_', ' ')})",
    )


def plain(value: float | None, places: int = 2) -> str:
    """Write a figure; a dash where there is none."""
    return "–" if value is None else f"{value:.{places}f}"


def written(figure: Estimate, places: int = 2) -> str:
    """Write a figure with its interval."""
    ends = "" if figure.low is None else f" [{plain(figure.low, places)}, {plain(figure.high, places)}]"
    return plain(figure.value, places) + ends


def rank_correlation(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    """Correlate ranks over the factors that have both figures; None for fewer than three."""
    from scipy.stats import rankdata

    known = np.array([pair for pair in pairs if None not in pair], np.float64)
    if len(known) < 3 or (np.ptp(known, axis=0) == 0).any():
        return None
    ranks = rankdata(known, axis=0)
    return round(float(np.corrcoef(ranks.T)[0, 1]), 3)


def table(run: Factors) -> str:
    """Lay all factors out as Markdown, the strongest by the published strength first."""
    names = {factor.id: factor.name for factor in run.factors}
    tests = sorted(run.validation, key=lambda test: -abs(test.published.strength or 0.0))
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(row(names[test.factor_id], test)) + " |" for test in tests]
    return "\n".join(lines)


def main() -> None:
    """Print the table and end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of a finished factors run")
    run = open_factors(parser.parse_args().folder)
    print(table(run))
    with_kappa = rank_correlation([(test.published.strength, test.kappa.value) for test in run.validation])
    with_drop = rank_correlation(
        [(test.published.strength, test.log_loss_drop.value) for test in run.validation]
    )
    strong = [test for test in run.validation if abs(test.published.strength or 0.0) >= 0.1]
    failed = sum(not test.passed for test in strong)
    print(
        f"\n{len(strong)} factors have a published strength of 0.1 or more, above or below 0; {failed} of them do not hold "
        f"in naze's test. Rank correlation of the strength with Cohen's kappa: {plain(with_kappa)}, with what a factor "
        f"adds to length and markdown: {plain(with_drop)}."
    )
    record = {
        "benchmark": "published_metrics",
        "value": with_kappa,
        "unit": "rank correlation of published strength and kappa",
        "strength_and_log_loss_drop": with_drop,
        "strong": len(strong),
        "strong_that_fail": failed,
        "rows": run.validation.votes,
        "factors": len(run),
        "model": run.about.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
