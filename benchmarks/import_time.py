"""How long `import naze` takes beyond Python's own start. Target: under 60 ms.

Both are measured in alternation, each in a fresh process, so that other work on the machine hits both alike.
Also prints how long `naze --help` takes in all (target: under 0.4 s). The last line is JSON.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import time
from datetime import date
from pathlib import Path

ROUNDS = 20
NAZE = Path(sysconfig.get_path("scripts")) / "naze"


def main() -> None:
    """Measure, print, end with one line of JSON."""
    bare = [sys.executable, "-c", "pass"]
    imported = [sys.executable, "-c", "import naze"]
    for command in (bare, imported, [str(NAZE), "--help"]):
        seconds_of(command)  # once to warm the disk cache and to write .pyc files
    beyond, helped = [], []
    for _ in range(ROUNDS):
        beyond.append((seconds_of(imported) - seconds_of(bare)) * 1000)
        helped.append(seconds_of([str(NAZE), "--help"]))
    print(f"import naze, beyond Python's own start: median {statistics.median(beyond):.1f} ms")
    print(f"naze --help, in all: median {statistics.median(helped):.3f} s, worst {max(helped):.3f} s")
    record = {
        "benchmark": "import_time",
        "value": round(statistics.median(beyond), 1),
        "unit": "ms",
        "rows": ROUNDS,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


def seconds_of(command: list[str]) -> float:
    """Run a command to its end and return its wall-clock seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
