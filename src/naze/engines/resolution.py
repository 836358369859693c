"""What a name means on this machine: the record that `resolve` returns and everything about a model is remembered under."""

from dataclasses import dataclass

from naze.engines.protocol import Model

__all__ = ["Resolution"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name means on this machine."""

    engine: str
    """The registered name, e.g. `openvino`."""
    model: Model
    notes: tuple[str, ...] = ()
    """What the person should know: why this engine, and what it costs."""
