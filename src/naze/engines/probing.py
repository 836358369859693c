"""A command goes in; what it writes comes out, or nothing, within a time that is never passed.

For programs of drivers, which may hang such that not even killing ends them: nobody waits for these.
"""

import subprocess
import tempfile
from collections.abc import Sequence

__all__ = ["output_of"]

_KILL_SECONDS = 0.5


def output_of(command: Sequence[str], seconds: float, *, errors_too: bool = False) -> str:
    """Return what a command writes to its standard output; "" where it is not there, fails or takes too long.

    Args:
        command: the program and its arguments; nothing goes through a shell.
        seconds: after these it is killed, and left alone if it does not end.
        errors_too: what it writes to its standard error belongs to it.
    """
    with tempfile.TemporaryFile() as written:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT if errors_too else subprocess.DEVNULL,
            )
        except OSError:
            return ""
        if not _ends(process, seconds):
            process.kill()
            _ends(process, _KILL_SECONDS)
            return ""
        if process.returncode != 0:
            return ""
        written.seek(0)
        return written.read().decode("utf-8", errors="replace")


def _ends(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
