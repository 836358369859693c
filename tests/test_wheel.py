"""A wheel is built and installed by itself: it holds the examples, and the demo finds them there."""

import os
import subprocess
import sys
import zipfile

import pytest


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, repository],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("naze-*.whl")
    return built


def test_the_wheel_holds_what_the_demo_and_the_pages_need(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        f"naze/examples/{name}" for name in ("votes.csv", "explained.parquet", "held_out.parquet")
    } <= names
    assert {f"naze/examples/factors-{language}/factors.json" for language in ("en", "ja")} <= names
    assert {"naze/report/assets/page.js", "naze/jobs/explaining/wording.toml", "naze/py.typed"} <= names
    assert "naze/prompts/templates/explain.ja.j2" in names


def test_an_installed_wheel_reads_its_own_examples(wheel, tmp_path):
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, wheel],
        check=True,
        timeout=300,
    )
    program = (
        "import naze, naze.cli.demo as demo; from naze.votes import read_votes; folder = demo._examples();"
        "print(folder.is_relative_to(__import__('pathlib').Path(naze.__file__).parent), len(read_votes(folder / 'votes.csv')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
    )
    assert done.stdout.split() == ["True", "24"], done.stderr
