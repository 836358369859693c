"""Figures go in; how a reader sees them comes out: the same in every language. None is told by a dash."""

from naze.factors.resampling import Estimate

__all__ = [
    "NONE",
    "decimal",
    "duration",
    "interval",
    "milli",
    "percent",
    "percent_interval",
    "q_value",
    "signed",
]

NONE = "–"
_MINUS = "\u2212"


def decimal(value: float | None, digits: int = 2) -> str:
    """Round a figure; no figure is told as negative zero."""
    if value is None:
        return NONE
    text = f"{value:,.{digits}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def signed(value: float | None, digits: int = 1) -> str:
    """Round a figure and say whether it is above or below 0."""
    text = decimal(value, digits)
    return f"+{text}" if value is not None and text.strip("0.,") and value > 0 else text


def percent(value: float | None, digits: int = 0) -> str:
    """Tell a share in percent.

    Example:
        >>> percent(0.614)
        '61%'
    """
    return NONE if value is None else f"{decimal(100 * value, digits)}%"


def interval(estimate: Estimate, digits: int = 2) -> str:
    """Tell the interval alone, in brackets; nothing where there is none.

    Example:
        >>> interval(Estimate(0.2, -0.1, 0.5))
        '[−0.10, 0.50]'
    """
    if estimate.low is None or estimate.high is None:
        return ""
    return f"[{decimal(estimate.low, digits)}, {decimal(estimate.high, digits)}]"


def percent_interval(estimate: Estimate) -> str:
    """Tell the interval of a share in percent, without the sign."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"[{decimal(100 * estimate.low, 0)}, {decimal(100 * estimate.high, 0)}]"


def milli(estimate: Estimate) -> tuple[str, str]:
    """Tell a figure and its interval in thousandths."""
    scaled = Estimate(
        *(None if one is None else 1_000 * one for one in (estimate.value, estimate.low, estimate.high))
    )
    return signed(scaled.value), interval(scaled, 1)


def q_value(value: float | None) -> str:
    """Tell a q-value to three places."""
    if value is None:
        return NONE
    return "<0.001" if value < 0.001 else decimal(value, 3)


def duration(seconds: float) -> str:
    """Tell a time on the clock.

    Example:
        >>> duration(3_725)
        '1:02:05'
    """
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
