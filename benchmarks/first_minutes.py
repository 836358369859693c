"""What a person waits for: `naze demo` in an empty folder, with the model pulled before.

Seconds until the first line of an explanation is on the screen, until all votes are explained, and until the last page is
written; the ratios are the parts of the whole. The last line is JSON.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date

MOMENTS = {
    "measured": "answers from now on",
    "first explanation": "## 1. ",
    "all explained": "votes answered: ",
    "factors tested": "Look into one: ",
    "done": "Done in ",
}
"""What has been reached -> words of the first line that says so."""
NAZE = [sys.executable, "-c", "from naze.cli import main; main()"]


def main() -> None:
    """Run the demo and note when each moment comes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="qwen2.5-coder:1.5b")
    parser.add_argument("--language", default="ja")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        moments = run_demo([*NAZE, "demo", "--model", asked.model, "--language", asked.language], folder)
    for name, seconds in moments.items():
        print(f"{name}: after {seconds:.1f} s")
    record = {
        "benchmark": "first_minutes",
        "value": round(moments["done"], 1),
        "unit": f"s for the whole demo ({asked.language})",
        "ratios": {
            name: round(seconds / moments["done"], 2) for name, seconds in moments.items() if name != "done"
        },
        "rows": 24,
        "model": asked.model,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
        "seconds until the first explanation": round(moments["first explanation"], 1),
    }
    print(json.dumps(record))


def run_demo(command: list[str], folder: str) -> dict[str, float]:
    """Return the seconds after which each moment was reached."""
    began, moments = time.perf_counter(), dict[str, float]()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8", bufsize=1,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as demo:  # fmt: skip
        assert demo.stdout is not None
        for line in demo.stdout:
            for name, words in MOMENTS.items():
                if words in line and name not in moments:
                    moments[name] = time.perf_counter() - began
    if demo.returncode != 0:
        sys.exit(f"first_minutes: the demo ended with status {demo.returncode}")
    return moments


if __name__ == "__main__":
    main()
