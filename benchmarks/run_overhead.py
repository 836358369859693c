"""What naze's own bookkeeping costs: a scripted engine answers at once; rows are planned, stored, exported.

Targets: 10,000 rows/s, under 300 MB of memory at 1,000,000 rows, a finished run recognised in under 20 s. The
peer is bare sqlite3 inserting the same plan and answers in one transaction each: what the store could do at most.
Each part runs in a process of its own, so that its memory is its own. The last line is JSON.
"""

import argparse
import json
import os
import platform
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

from instant import InstantEngine, measured_part
from naze.records import FittedPrompt, Prompt, Sampling

TEXT = "People preferred this response since it is more complete and names concrete examples. " * 6


def prompts(rows: int) -> Iterator[FittedPrompt]:
    """Give rows whose prompts are all different, with texts of a usual size."""
    subject = "A vote with its prompt and two responses. " * 20
    for number in range(rows):
        yield FittedPrompt(
            Prompt(f"vote-{number}", "", "Explain this vote.", subject, f"Why, in case {number}?")
        )


def run_once(folder: Path, rows: int, *, export: bool) -> None:
    """Plan, store and export; on a finished run, only see that it is finished."""
    from naze.generations import Manifest, export_run, open_run, write_run

    manifest = Manifest(
        task="benchmark",
        engine="scripted",
        model="instant",
        fingerprint="instant 1",
        sampling=asdict(Sampling()),
        template="none",
        template_hash="0",
        template_parts={},
        language="en",
    )
    start = time.perf_counter()
    with write_run(folder, manifest) as run:
        if not run.is_planned_from("1"):
            run.plan(lambda: prompts(rows), "1")
        planned = time.perf_counter()
        summary = run.execute(lambda: prompts(rows), lambda: InstantEngine(TEXT, 600))
    stored = time.perf_counter()
    assert summary.answered == rows, summary
    if export:
        export_run(open_run(folder), folder / "export.parquet")
    exported = time.perf_counter()
    told = {"plan": planned - start, "store": stored - planned, "export": exported - stored}
    told["processor"] = time.process_time()
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


def peer_once(folder: Path, rows: int) -> None:
    """Insert the same rows with bare sqlite3, nothing checked, one transaction for each table."""
    start = time.perf_counter()
    connection = sqlite3.connect(folder / "peer.sqlite")
    connection.execute("CREATE TABLE plan (position INTEGER PRIMARY KEY, subject_id TEXT, key BLOB)")
    connection.execute(
        "CREATE TABLE answers (number INTEGER PRIMARY KEY, key BLOB UNIQUE, status TEXT, text TEXT)"
    )
    keys = (number.to_bytes(16, "little") for number in range(rows))
    connection.executemany(
        "INSERT INTO plan VALUES (?, ?, ?)", ((n, f"vote-{n}", key) for n, key in enumerate(keys))
    )
    connection.commit()
    connection.executemany(
        "INSERT INTO answers (key, status, text) VALUES (?, ?, ?)",
        ((n.to_bytes(16, "little"), "answered", TEXT) for n in range(rows)),
    )
    connection.commit()
    print(json.dumps({"seconds": time.perf_counter() - start, "processor": time.process_time()}))


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--part", choices=("run", "resume", "peer"))
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.part == "peer":
        peer_once(chosen.folder, chosen.rows)
        return
    if chosen.part is not None:
        run_once(chosen.folder, chosen.rows, export=chosen.part == "run")
        return
    with tempfile.TemporaryDirectory() as scratch:
        rows = ("--rows", str(chosen.rows))
        first = measured_part(__file__, "run", Path(scratch) / "run", *rows)
        peer = measured_part(__file__, "peer", Path(scratch), *rows)
        resumed = measured_part(__file__, "resume", Path(scratch) / "run", *rows)
    whole = first["plan"] + first["store"] + first["export"]
    resume_seconds = resumed["plan"] + resumed["store"]
    print(
        f"plan {first['plan']:.1f} s, store {first['store']:.1f} s, export {first['export']:.1f} s, in all {whole:.1f} s"
    )
    print(
        f"a finished run of {chosen.rows:,} rows is recognised in {resume_seconds:.1f} s (target: under 20 s)"
    )
    print(
        f"processor time {first['processor']:.1f} s, of the peer {peer['processor']:.1f} s: what stays the same on a "
        f"busy machine; {chosen.rows / first['processor']:,.0f} rows for a second of it (target: 10,000)"
    )
    print(f"peak memory {max(first['peak_mb'], resumed['peak_mb']):.0f} MB (target: under 300 MB)")
    record = {
        "benchmark": "run_overhead",
        "value": round(chosen.rows / whole),
        "unit": "rows/s",
        "ratios": {"bare sqlite3": round(peer["seconds"] / (first["plan"] + first["store"]), 3)},
        "peak_memory_mb": round(max(first["peak_mb"], resumed["peak_mb"])),
        "rows": chosen.rows,
        "resume_seconds": round(resume_seconds, 1),
        "rows_per_processor_second": round(chosen.rows / first["processor"]),
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
