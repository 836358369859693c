"""A file goes in; a hash of its content comes out."""

import hashlib
from pathlib import Path

from naze.tables.files import existing_file
from naze.tables.plain import is_several, plain_table

__all__ = ["fingerprint"]


def fingerprint(path: str | Path) -> str:
    """Hash a file's content without holding it in memory: the same bytes under another name give the same text.

    Returns:
        `sha256:` and 64 hexadecimal digits.

    Raises:
        FormatError: there is no such file.
    """
    path = Path(path)
    with (plain_table(path).path if is_several(path) else existing_file(path)).open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
