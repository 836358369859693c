"""What every test may use: real models, the shared sample of real votes, golden files.

Enters: options of the command line. Leaves: fixtures. Nothing here stands in for the real thing.
"""

import difflib
import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Write the golden files in tests/golden anew instead of comparing with them. Read the diff!",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Other work on the machine must not fail a test; on CI every run tries the same examples.
    hypothesis.settings.register_profile("naze", deadline=None, derandomize="CI" in os.environ)
    hypothesis.settings.load_profile("naze")
    if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
        # Processes that share the processor are quicker with a thread each than with as many as there are cores.
        os.environ.setdefault("NAZE_THREADS", "1")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real votes that lies beside a checkout; tests that need it are skipped without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no folder ../shared/data beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def smollm2_path() -> Path:
    """SmolLM2 135M, instruction-tuned: small, quick, weak."""
    return _pulled("smollm2:135m")


@pytest.fixture(scope="session")
def qwen_path() -> Path:
    """Qwen2.5-Coder 1.5B, instruction-tuned: the demo's model. 1.1 GB."""
    return _pulled("qwen2.5-coder:1.5b")


@pytest.fixture(scope="session")
def gemma3_path() -> Path:
    """Gemma 3 270M, base: the Gemma family's tokenizer and chat conventions."""
    return _pulled("gemma3:270m")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str | Path, str], None]:
    """Compare a text with tests/golden/<name>; with --update-golden write it there instead.

    Use: `golden("prompts/explain-ja.txt", text)`.
    """

    def compare(name: str | Path, text: str) -> None:
        path = GOLDEN / name
        shown = path.relative_to(ROOT)
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        if not path.exists():
            pytest.fail(f"{shown} is missing. Write it with: pytest --update-golden, and read it")
        wanted = path.read_text(encoding="utf-8")
        if text != wanted:
            diff = difflib.unified_diff(
                wanted.splitlines(), text.splitlines(), str(shown), "now", lineterm=""
            )
            what = "\n".join(diff) or f"{shown}: only the line ends differ"
            pytest.fail(f"{what}\nIf this is right: pytest --update-golden", pytrace=False)

    return compare


def _pulled(name: str) -> Path:
    """Fetch a model of the catalogue once, whatever the number of test processes."""
    from naze.engines.pull import models_folder, pull

    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "tests.lock"):
        return pull(name)
