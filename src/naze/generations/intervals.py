"""Student's t, for intervals from few measurements."""

__all__ = ["student_90"]

_POINTS = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746,
    1.740, 1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
)  # fmt: skip
"""Two-sided 90 % points for 1 to 30 degrees of freedom."""
_NORMAL = 1.645


def student_90(degrees_of_freedom: int) -> float:
    """Return the two-sided 90 % point: how many standard errors an interval reaches to either side.

    Example:
        >>> student_90(1), student_90(100)
        (6.314, 1.645)
    """
    return _POINTS[degrees_of_freedom - 1] if degrees_of_freedom <= len(_POINTS) else _NORMAL
