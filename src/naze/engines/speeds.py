"""What was measured of an engine with a model on this machine goes in; which engine is the fastest here comes out.

A speed is remembered for the model's files, the processor with its instructions, the threads, and the versions of
whatever computes. Where one of these changes, nothing is known until it is measured again.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from naze.configuration import read_configuration
from naze.engines.known import known_fact, remember_fact
from naze.engines.machine import accelerator, processor
from naze.engines.resolution import Resolution

__all__ = [
    "TYPICAL_READ",
    "TYPICAL_WRITTEN",
    "EngineSpeed",
    "Speed",
    "fastest",
    "known_speed",
    "listed_speed",
    "remember_speed",
]

TYPICAL_READ = 1000
"""Tokens of a typical vote's prompt."""
TYPICAL_WRITTEN = 200
"""Tokens of a typical explanation."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast an engine is with a model on this machine, with as many prompts side by side as a run has."""

    read: float
    """Tokens of prompts a second."""
    written: float
    """Tokens of answers a second, of all prompts together."""

    @property
    def explanation_seconds(self) -> float:
        """Seconds for one typical explanation of a run; what engines are compared by.

        Example:
            >>> Speed(read=100.0, written=20.0).explanation_seconds
            20.0
        """
        return TYPICAL_READ / self.read + TYPICAL_WRITTEN / self.written


@dataclass(frozen=True, slots=True)
class EngineSpeed:
    """A measured speed, as it is listed."""

    engine: str
    path: str
    """The file or folder that the engine loads."""
    tokens_read_per_second: float
    tokens_written_per_second: float
    seconds_per_explanation: float
    """1,000 tokens read and 200 written, among as many prompts as a run has under way."""


def listed_speed(resolution: Resolution, speed: Speed) -> EngineSpeed:
    """Put a speed and what it was measured of side by side."""
    seconds = round(speed.explanation_seconds, 2)
    return EngineSpeed(resolution.engine, str(resolution.model.path), speed.read, speed.written, seconds)


def known_speed(resolution: Resolution) -> Speed | None:
    """Tell what was measured; None: nothing was, or the machine, the files or a version is another one now."""
    kept = known_fact(resolution, _fact())
    if kept is None:
        return None
    try:
        return Speed(**json.loads(kept))
    except (ValueError, TypeError):  # damaged: it is measured again
        return None


def remember_speed(resolution: Resolution, speed: Speed) -> None:
    """Note what was measured."""
    remember_fact(resolution, _fact(), json.dumps(asdict(speed)))


def fastest(candidates: Iterable[Resolution]) -> tuple[Resolution, Speed] | None:
    """Choose the candidate that explains a typical vote in the least time; None: fewer than two were measured."""
    speeds = [(speed, candidate) for candidate in candidates if (speed := known_speed(candidate)) is not None]
    if len(speeds) < 2:
        return None
    speed, candidate = min(speeds, key=lambda pair: pair[0].explanation_seconds)
    return candidate, speed


def _fact() -> str:
    """Name the fact together with all of the machine that decides it."""
    return f"speed 1 {processor()} {accelerator()} {read_configuration().threads}"
