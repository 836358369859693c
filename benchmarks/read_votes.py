"""How long naze.votes.read_votes takes for a file of the Kaggle competition's size, and its peak memory.

57,477 rows, about 180 MB, made by repeating the real sample of 1,732 rows under other ids. Target: under 6 s
and under 1 GB. Beside it, in the same run, the plain loop that everybody writes: csv and json of Python's own
library, into lists. Each reads in a fresh process; the best of three. The last line is JSON.
"""

import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

ROWS = 57_477
ROUNDS = 3
SAMPLE = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "kaggle_train_sample.csv"
MEASURE = """
import json, resource, sys, time
start = time.perf_counter()
{body}
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({{"seconds": seconds, "peak_memory_mb": peak / 1e6, "rows": rows}}))
"""
OURS = """
from naze.votes import read_votes
votes = read_votes(sys.argv[1])
rows = len(votes) + len(votes.problems)
"""
PLAIN = """
import csv
csv.field_size_limit(1 << 30)
table = []
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for row in csv.DictReader(file):
        for name in ("prompt", "response_a", "response_b"):
            row[name] = json.loads(row[name])
        table.append(row)
rows = len(table)
"""


def main() -> None:
    """Make the file, measure both in alternation, print, end with one line of JSON."""
    if not SAMPLE.exists():
        sys.exit(f"read_votes.py: needs {SAMPLE.name} in ../shared/data beside this checkout")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.csv"
        make(path)
        print(f"{path.name}: {ROWS:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        ours, plain = [], []
        for _ in range(ROUNDS):
            ours.append(measure(OURS, path))
            plain.append(measure(PLAIN, path))
    best, loop = (min(runs, key=lambda run: run["seconds"]) for runs in (ours, plain))
    for name, run in (("read_votes", best), ("csv + json loop", loop)):
        print(f"{name}: {run['seconds']:.2f} s, {run['peak_memory_mb']:.0f} MB, {run['rows']:,} rows")
    record = {
        "benchmark": "read_votes",
        "value": round(best["seconds"], 2),
        "unit": "s",
        "ratios": {"csv+json loop": round(loop["seconds"] / best["seconds"], 2)},
        "peak_memory_mb": round(max(run["peak_memory_mb"] for run in ours)),
        "rows": ROWS,
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


def make(path: Path) -> None:
    """Write the sample's rows again and again, each time under other ids."""
    csv.field_size_limit(1 << 30)
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        header, *sample = csv.reader(file)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number in range(ROWS):
            row = sample[number % len(sample)]
            writer.writerow([f"{number:06d}{row[0]}", *row[1:]])


def measure(body: str, path: Path) -> dict[str, float]:
    """Run code in a fresh process; return its seconds, its peak memory and the rows it read."""
    command = [sys.executable, "-c", MEASURE.format(body=body), str(path)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(ran.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
