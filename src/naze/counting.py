"""A number and a noun go in; `1 vote` or `1,730 votes` comes out."""

__all__ = ["counted"]


def counted(number: int, noun: str, verb: str = "") -> str:
    """Say how many there are; a verb is one of `is`, `has`, and takes the noun's number.

    Example:
        >>> counted(1, "vote"), counted(1730, "vote", "has")
        ('1 vote', '1,730 votes have')
    """
    said = f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
    if not verb:
        return said
    return f"{said} {verb if number == 1 else {'is': 'are', 'has': 'have'}[verb]}"
