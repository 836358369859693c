"""`make bench`: a benchmark's last line becomes a row of the table; what is no record is refused."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = "# Speed\n\n| a |\n|---|\n| b |\n\n## Measured\n\n| date |\n|---|\n| old |\n\nAfter the table.\n"
RECORD = {
    "benchmark": "explain_throughput",
    "value": 1234.5,
    "unit": "rows/min",
    "ratios": {"one after another": 4.567},
    "limit_share": 0.42,
    "peak_memory_mb": 2048.4,
    "rows": 64,
    "model": "smollm2:135m",
    "machine": "2 cores | Zen 5",
    "date": "2026-11-23",
}


@pytest.fixture(scope="module")
def run_all():
    specification = importlib.util.spec_from_file_location("run_all", ROOT / "benchmarks" / "run_all.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_record_becomes_a_row(run_all):
    assert run_all.row_of(RECORD) == (
        "| 2026-11-23 | explain_throughput | 1,234.5 rows/min | one after another 4.57x | 42% | 2,048 MB "
        "| 64 | smollm2:135m | 2 cores / Zen 5 |"
    )


def test_keys_that_make_no_sense_are_left_out(run_all):
    short = {key: RECORD[key] for key in ("benchmark", "value", "unit", "machine", "date")}
    assert run_all.row_of(short).count("|") == run_all.row_of(RECORD).count("|")


def test_a_row_goes_to_the_end_of_the_table_of_measurements(run_all):
    page = run_all.with_row(PAGE, "| new |")
    assert page == PAGE.replace("| old |\n", "| old |\n| new |\n")


def test_the_page_has_the_table_that_rows_are_appended_to(run_all):
    page = run_all.PAGE.read_text("utf-8")
    assert run_all.row_of(RECORD) in run_all.with_row(page, run_all.row_of(RECORD))
    heading = page.split(run_all.HEADING)[1].strip().splitlines()[0]
    assert heading.count("|") == run_all.row_of(RECORD).count("|")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('no json')", "expected one line of JSON"),
        ('print(\'{"benchmark": "x"}\')', "lacks value, unit, machine, date"),
        ("", "expected one line of JSON"),
    ],
)
def test_a_benchmark_that_ends_with_something_else_is_refused(run_all, tmp_path, script, said):
    path = tmp_path / "wrong.py"
    path.write_text(script)
    with pytest.raises(ValueError, match=said):
        run_all.run(path)


def test_a_benchmark_that_fails_is_refused(run_all, tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text("raise SystemExit(3)")
    with pytest.raises(subprocess.CalledProcessError):
        run_all.run(path)


def test_what_wants_a_folder_or_file_named_is_run_by_hand(run_all):
    scripts = (ROOT / "benchmarks").glob("*.py")
    wanting = {
        path.stem
        for path in scripts
        if re.search(r'add_argument\(\s*"[a-z](?![^)]*nargs="\?")', path.read_text("utf-8"))
    }
    assert "judge_tables" in wanting
    assert wanting == set(run_all.OF_A_RUN)


@pytest.mark.parametrize("script", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_every_benchmark_is_described(script):
    if '__name__ == "__main__"' in script.read_text("utf-8") and script.stem != "run_all":
        assert f"`{script.stem}`" in (ROOT / "docs" / "performance.md").read_text("utf-8")
