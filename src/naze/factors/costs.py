"""The run of one step goes in; what it asked of a model comes out."""

from contextlib import closing
from pathlib import Path

from naze.factors.about import Cost
from naze.generations import open_run

__all__ = ["read_cost"]


def read_cost(folder: Path, seconds: float, earlier: Cost | None) -> tuple[Cost, str]:
    """Sum up what a step asked, and say with which template.

    Args:
        folder: the step's own run.
        seconds: that this sitting took, on the clock.
        earlier: what was written down of the sittings before; their time adds up.
    """
    with closing(open_run(folder)) as run:
        summary, manifest = run.summary(), run.manifest
    cost = Cost(
        model=manifest.model,
        prompts=summary.rows,
        prompt_tokens=summary.prompt_tokens,
        cached_tokens=summary.cached_tokens,
        generated_tokens=summary.generated_tokens,
        seconds=round(seconds + (0.0 if earlier is None else earlier.seconds), 1),
    )
    return cost, f"{manifest.template} ({manifest.language}) {manifest.template_hash[:12]}"
