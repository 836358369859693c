"""`import naze` and `naze --help` are quick, and need no heavy library."""

import subprocess
import sys
import time

import pytest

from naze.cli import COMMANDS

ENGINE_LIBRARIES = ("torch", "openvino", "openvino_genai", "xllamacpp", "llama_cpp", "transformers")
HEAVY = (
    *ENGINE_LIBRARIES,
    "polars",
    "numpy",
    "duckdb",
    "jinja2",
    "huggingface_hub",
    "httpx2",
    "rich",
    "lingua",
)


def python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def best_seconds(code: str, tries: int = 7) -> float:
    """The quickest of several: what the code takes, not what else the machine does."""
    seconds = []
    for _ in range(tries):
        start = time.perf_counter()
        python(code)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def test_importing_naze_loads_no_heavy_library():
    loaded = python(f"import sys, naze; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded.strip() == "[]"


def test_importing_naze_sets_up_no_logging():
    assert python("import logging, naze; print(logging.getLogger().handlers)").strip() == "[]"


def test_importing_naze_takes_less_than_sixty_milliseconds_beyond_python():
    assert best_seconds("import naze") - best_seconds("pass") < 0.060


def test_help_works_without_any_heavy_library():
    code = f"""
import sys
for name in {HEAVY}:
    sys.modules[name] = None  # importing it raises ImportError
sys.argv = ["naze", "--help"]
from naze.cli import main
main()
"""
    assert "Commands:" in python(code)


def test_help_answers_in_less_than_four_tenths_of_a_second():
    assert best_seconds("import sys; sys.argv = ['naze', '--help']; from naze.cli import main; main()") < 0.4


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_of_a_command_loads_no_engine_library(command):
    code = f"""
import sys
sys.argv = ["naze", *sys.argv[1:]]
from naze.cli import main
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print([name for name in {ENGINE_LIBRARIES} if name in sys.modules])
"""
    assert python(code, command, "--help").splitlines()[-1] == "[]"
