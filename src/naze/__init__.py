"""naze (なぜ, "why"): why people prefer one model answer to another. The public names, nothing else.

Names are loaded when they are first used, so that `import naze` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from naze.configuration import read_configuration
    from naze.engines import Engine, EngineOptions, open_engine, pull
    from naze.errors import NazeError
    from naze.factors import Factors, FactorSettings, compare_factors, find_factors, open_factors
    from naze.generations import Run, export_run, open_run
    from naze.jobs import (
        BatchSettings,
        ChainSettings,
        ExplainedVote,
        ExplainSettings,
        Flow,
        GenerateResponse,
        MapSettings,
        Question,
        SummaryOptions,
        chain,
        continue_run,
        estimate,
        explain,
        explained_rows,
        extract,
        generate,
        label,
        map,
        read_batch,
        run_batch,
        sentiment,
        summarize,
        tidy,
        write_batch,
    )
    from naze.prompts import Template, load_template
    from naze.records import Answer, Prompt, Sampling, Status, Vote, Winner
    from naze.votes import Votes, read_votes, write_votes

_ROOMS = {
    "configuration": ("read_configuration",),
    "engines": ("Engine", "EngineOptions", "open_engine", "pull"),
    "errors": ("NazeError",),
    "factors": ("FactorSettings", "Factors", "compare_factors", "find_factors", "open_factors"),
    "generations": ("Run", "export_run", "open_run"),
    "jobs": (
        "BatchSettings",
        "ChainSettings",
        "ExplainSettings",
        "ExplainedVote",
        "ExplainedVote",
        "Flow",
        "GenerateResponse",
        "MapSettings",
        "Question",
        "SummaryOptions",
        "chain",
        "continue_run",
        "estimate",
        "explain",
        "explained_rows",
        "extract",
        "generate",
        "label",
        "map",
        "read_batch",
        "run_batch",
        "sentiment",
        "summarize",
        "tidy",
        "write_batch",
    ),
    "prompts": ("Template", "load_template"),
    "records": ("Answer", "Prompt", "Sampling", "Status", "Vote", "Winner"),
    "votes": ("Votes", "read_votes", "write_votes"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Answer",
    "BatchSettings",
    "ChainSettings",
    "Engine",
    "EngineOptions",
    "ExplainSettings",
    "ExplainedVote",
    "FactorSettings",
    "Factors",
    "Flow",
    "GenerateResponse",
    "MapSettings",
    "NazeError",
    "Prompt",
    "Question",
    "Run",
    "Sampling",
    "Status",
    "SummaryOptions",
    "Template",
    "Vote",
    "Votes",
    "Winner",
    "chain",
    "compare_factors",
    "continue_run",
    "estimate",
    "explain",
    "explained_rows",
    "export_run",
    "extract",
    "find_factors",
    "generate",
    "label",
    "load_template",
    "map",
    "open_engine",
    "open_factors",
    "open_run",
    "pull",
    "read_batch",
    "read_configuration",
    "read_votes",
    "run_batch",
    "sentiment",
    "summarize",
    "tidy",
    "write_batch",
    "write_votes",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type
    """Load a public name from its room when it is first used; `naze.factors` is a room that can be called."""
    if name == "factors":
        return import_module("naze.factors")
    if name not in _HOME:
        raise AttributeError(f"module 'naze' has no attribute {name!r}")
    return getattr(import_module(f"naze.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Name what is public."""
    return __all__
