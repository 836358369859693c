"""What naze's own work costs when a table is mapped: a scripted engine answers at once.

A CSV file is read, each row becomes a prompt, is planned, asked, stored, and comes out in a Parquet file with its
new columns. Targets: 8,000 rows/s and under 400 MB of memory at 1,000,000 rows. The peer is polars reading the same
file, adding a column that holds a text of the same length and writing the same kind of file: what no asking costs.
Each part runs in a process of its own, so that its memory is its own; so does what makes the table, since a process
begins with the peak of the one that started it. The last line is JSON.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

from instant import InstantEngine, measured_part

SENTENCE = "The parcel came two days late, but the tea is lovely and the shop answered my mail at once. "
ANSWER = "Delivery late; product and service praised."


def write_table(path: Path, rows: int) -> None:
    """Write a CSV file whose rows all differ."""
    numbers = pl.int_range(rows, eager=True)
    texts = pl.lit(SENTENCE * 3).repeat_by(1).explode() + numbers.cast(pl.String)
    pl.select(id=numbers, text=texts, stars=numbers % 5).write_csv(path)


def map_once(folder: Path) -> None:
    """Map the table; on a finished run, only write its result."""
    from naze.jobs import MapSettings, Question, map_job, run_map
    from naze.jobs.asking import Worker
    from naze.jobs.mapping import write_mapped

    start = time.perf_counter()
    worker = Worker("instant", lambda: InstantEngine(ANSWER, 90))
    question = Question("summary", "Summarise this review in a few words. {{ text }}")
    settings = MapSettings(language="en")
    job = map_job(folder / "table.csv", [question], model="instant", run=folder / "run", settings=settings)
    mapped = run_map(job, worker=worker)
    asked = time.perf_counter()
    write_mapped(mapped.batches(), folder / "result.parquet", mapped.folder)
    mapped.close()
    told = {"ask": asked - start, "write": time.perf_counter() - asked, "processor": time.process_time()}
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


def peer_once(folder: Path) -> None:
    """Read, add a column, write: polars alone."""
    start = time.perf_counter()
    table = pl.scan_csv(folder / "table.csv", infer_schema=False).with_columns(summary=pl.lit(ANSWER))
    table.sink_parquet(folder / "peer.parquet")
    print(json.dumps({"seconds": time.perf_counter() - start, "processor": time.process_time()}))


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--part", choices=("table", "map", "resume", "peer"))
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.part == "table":
        write_table(chosen.folder / "table.csv", chosen.rows)
        return
    if chosen.part is not None:
        peer_once(chosen.folder) if chosen.part == "peer" else map_once(chosen.folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = [sys.executable, __file__, "--part", "table", "--folder", scratch, "--rows", str(chosen.rows)]
        subprocess.run(table, check=True)
        first = measured_part(__file__, "map", folder)
        height = pl.scan_parquet(folder / "result.parquet").select(pl.len()).collect().item()
        assert height == chosen.rows, f"{height:,} rows came out"
        resumed = measured_part(__file__, "resume", folder)
        peer = measured_part(__file__, "peer", folder)
    whole = first["ask"] + first["write"]
    peak = max(first["peak_mb"], resumed["peak_mb"])
    print(
        f"ask {first['ask']:.1f} s, write {first['write']:.1f} s, in all {whole:.1f} s: {chosen.rows / whole:,.0f} rows/s"
    )
    print(f"a finished run is written again in {resumed['ask'] + resumed['write']:.1f} s")
    print(
        f"processor time {first['processor']:.1f} s, {chosen.rows / first['processor']:,.0f} rows for a second of it: "
        "what stays the same on a busy machine (target: 8,000)"
    )
    print(f"peak memory {peak:.0f} MB (target: under 400 MB)")
    record = {
        "benchmark": "map_overhead",
        "value": round(chosen.rows / whole),
        "unit": "rows/s",
        "ratios": {"polars alone": round(peer["seconds"] / whole, 3)},
        "peak_memory_mb": round(peak),
        "rows": chosen.rows,
        "rows_per_processor_second": round(chosen.rows / first["processor"]),
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
