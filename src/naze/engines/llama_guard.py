"""A command goes in; it runs until it ends, or until whoever started this guard is gone.

Run as a program of its own: `python llama_guard.py COMMAND…`. Its standard input is a pipe that nobody writes
to; when it ends, the starter has gone (even by `kill -9`), and the command is ended too, so that no server
stays behind with gigabytes of memory. Uses the standard library alone, to start quickly.
"""

import os
import signal
import subprocess
import sys
import threading

SIGNAL_BASE = 128
"""Added to the signal that ended the command, as shells do; the guard leaves with that exit status."""
_PR_SET_PDEATHSIG = 1


def guard(command: list[str]) -> int:
    """Run a command until it ends or standard input does.

    Returns:
        The command's exit status; 128 and the signal's number where a signal ended it.
    """
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_guard if sys.platform == "linux" else None
    )
    threading.Thread(target=_end_with_starter, args=(process,), daemon=True).start()
    status = process.wait()
    return status if status >= 0 else SIGNAL_BASE - status


def _end_with_starter(process: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    process.kill()


def _die_with_guard() -> None:
    """In the command, before it begins: have the system end it when the guard itself is killed (Linux)."""
    import ctypes

    if sys.platform != "win32":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]))
