"""Run every benchmark and append what it measured to the table in docs/performance.md.

Enters: names of benchmarks, or none for all (`run_all.py import_time read_votes`). A benchmark is a script
in this folder whose last line is JSON with the keys that docs/performance.md lists.
Leaves: one row for each. Exit status 1 when one of them failed; the others are run and written all the same.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "docs" / "performance.md"
HEADING = "## Measured"
OF_A_RUN = (
    "gpu_slots",
    "judge_tables",
    "prediction_tables",
    "probe_and_factors",
    "published_metrics",
)
"""These look at a folder or files that a person names, so that they are run by hand."""
REQUIRED = ("benchmark", "value", "unit", "machine", "date")


def main() -> None:
    """Run what was named, or everything."""
    apart = {Path(__file__).stem, *OF_A_RUN}
    scripts = (path for path in sorted(FOLDER.glob("*.py")) if path.stem not in apart)
    here = {path.stem: path for path in scripts if '__name__ == "__main__"' in path.read_text("utf-8")}
    if unknown := [name for name in sys.argv[1:] if name not in here]:
        sys.exit(f"run_all.py: no benchmark {', '.join(unknown)}; there are: {', '.join(here)}")
    failed = []
    for name in sys.argv[1:] or here:
        print(f"== {name}", flush=True)
        try:
            record = run(here[name])
        except (ValueError, subprocess.CalledProcessError) as error:
            print(f"{name} failed: {error}", file=sys.stderr)
            failed.append(name)
            continue
        PAGE.write_text(with_row(PAGE.read_text("utf-8"), row_of(record)), "utf-8")
    if failed:
        sys.exit(f"run_all.py: failed: {', '.join(failed)}")


def run(script: Path) -> dict[str, Any]:
    """Run one benchmark, show its lines as they come, and return the record of its last line.

    Raises:
        subprocess.CalledProcessError: it did not end well.
        ValueError: its last line is no JSON record of a benchmark.
    """
    last = ""
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, str(script))
    try:
        record = json.loads(last)
    except ValueError:
        raise ValueError(f"{script.name}: the last line is {last!r}; expected one line of JSON") from None
    if missing := [key for key in REQUIRED if key not in record]:
        raise ValueError(f"{script.name}: its JSON lacks {', '.join(missing)}: {last}")
    return record


def row_of(record: dict[str, Any]) -> str:
    """Lay a record out as a row of the table."""
    ratios = ", ".join(f"{peer} {ratio:.2f}x" for peer, ratio in record.get("ratios", {}).items())
    share = f"{record['limit_share']:.0%}" if "limit_share" in record else ""
    memory = f"{record['peak_memory_mb']:,.0f} MB" if "peak_memory_mb" in record else ""
    rows = f"{record['rows']:,}" if "rows" in record else ""
    value = f"{record['value']:,} {record['unit']}"
    model = record.get("model", "")
    cells = (
        record["date"],
        record["benchmark"],
        value,
        ratios,
        share,
        memory,
        rows,
        model,
        record["machine"],
    )
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"


def with_row(page: str, row: str) -> str:
    """Put a row at the end of the table under the heading `HEADING`, the first one there."""
    lines = page.splitlines()
    first = next(
        number for number in range(lines.index(HEADING), len(lines)) if lines[number].startswith("|")
    )
    last = first
    while last + 1 < len(lines) and lines[last + 1].startswith("|"):
        last += 1
    return "\n".join([*lines[: last + 1], row, *lines[last + 1 :]]) + "\n"


if __name__ == "__main__":
    main()
