"""Machines that are set up otherwise: a user's name with a space and Japanese letters, a C locale, a console in cp932."""

import json
import os
import shutil
import subprocess
import sys

import polars as pl
import pytest

pytestmark = pytest.mark.xdist_group("elsewhere")
NAZE = [sys.executable, "-c", "from naze.cli import main; main()"]
MODEL = "smollm2:135m"


@pytest.fixture(scope="module")
def home(tmp_path_factory, repository, smollm2_path):
    """A user's folder with a file of votes, whose texts have letters that neither ASCII nor cp932 has."""
    folder = tmp_path_factory.mktemp("elsewhere") / "ユーザー 1" / "My Documents"
    folder.mkdir(parents=True)
    shutil.copy(repository / "examples" / "votes.csv", folder / "投票 é.csv")
    table = pl.DataFrame({"text": ["Très bien, 配達が速い 😀", "Slow, and the box was broken."]})
    table.write_csv(folder / "感想.csv")
    return folder


def run(home, *words, **environment):
    """Call naze as a person does who stands in this folder, on a system that is set to no language."""
    setting = {
        **os.environ,
        "HOME": str(home.parent),
        "LC_ALL": "C",
        "LANG": "C",
        "PYTHONWARNDEFAULTENCODING": "1",  # a file that is opened in the system's own encoding is told
        "PYTHONWARNINGS": "default::EncodingWarning",
        "NAZE_CACHE": os.environ.get("NAZE_CACHE", ""),
        **environment,
    }
    if not setting["NAZE_CACHE"]:
        from naze.configuration import cache_folder

        setting["NAZE_CACHE"] = str(cache_folder())
    done = subprocess.run([*NAZE, *words], cwd=home, env=setting, capture_output=True, timeout=300)
    said = done.stdout + done.stderr
    assert b"Traceback" not in said, said.decode("utf-8", "replace")
    lines = said.decode("utf-8", "replace").splitlines()
    assert not [
        line for line in lines if "EncodingWarning" in line and f"{os.sep}naze{os.sep}" in line.split(":")[0]
    ], said
    return done


CONSOLES = [{}, {"PYTHONIOENCODING": "cp932"}, {"PYTHONIOENCODING": "ascii"}]


@pytest.mark.parametrize("console", CONSOLES, ids=["C", "cp932", "ascii"])
def test_a_file_of_votes_is_told_on_any_console(home, console):
    assert run(home, "votes", "check", "投票 é.csv", **console).returncode == 0
    missing = run(home, "votes", "check", "無い é.csv", **console)
    assert missing.returncode == 1 and b"there is no such file" in missing.stderr


@pytest.fixture(scope="module")
def explained(home):
    """A run whose folder has such a name too, made on a console in cp932."""
    asked = [
        "explain",
        "投票 é.csv",
        "--limit",
        "2",
        "--model",
        MODEL,
        "--language",
        "en",
        "--out",
        "runs/説明 é",
    ]
    assert run(home, *asked, PYTHONIOENCODING="cp932").returncode == 0
    return asked


@pytest.mark.parametrize("console", CONSOLES, ids=["C", "cp932", "ascii"])
def test_a_run_is_found_finished_shown_and_exported_on_any_console(home, explained, console):
    folder, name = explained[-1], console.get("PYTHONIOENCODING", "C")
    assert run(home, *explained, **console).returncode == 0
    assert run(home, "runs", "show", folder, **console).returncode == 0
    assert run(home, "runs", "export", folder, "--to", f"表 {name}.csv", **console).returncode == 0
    assert (
        run(home, "report", folder, "--out", f"頁 {name}.html", "--language", "ja", **console).returncode == 0
    )
    assert "<html" in (home / f"頁 {name}.html").read_text("utf-8")
    assert len(pl.read_csv(home / f"表 {name}.csv")) == 2


def test_a_table_gets_its_column_and_keeps_its_letters(home):
    asked = [
        "sentiment",
        "感想.csv",
        "--column",
        "text",
        "--model",
        MODEL,
        "--out",
        "結果.csv",
        "--run",
        "runs/感情",
    ]
    assert run(home, *asked, PYTHONIOENCODING="cp932").returncode == 0
    table = pl.read_csv(home / "結果.csv")
    assert table["text"][0] == "Très bien, 配達が速い 😀" and "sentiment" in table.columns


def test_json_is_ascii_or_the_consoles_own_and_can_be_read(home):
    done = run(home, "votes", "check", "投票 é.csv", "--json", PYTHONIOENCODING="utf-8")
    assert json.loads(done.stdout)
    done = run(home, "votes", "check", "投票 é.csv", "--json", PYTHONIOENCODING="cp932")
    assert json.loads(done.stdout.decode("cp932"))


def test_settings_are_read_as_utf_8_whatever_the_system_speaks(home):
    (home / "naze.toml").write_text('runs = "実行"\n', "utf-8")
    asked = [
        "map",
        "感想.csv",
        "--prompt",
        "良い？ {{text}}",
        "--choices",
        "A,B",
        "--model",
        MODEL,
        "--out",
        "問.csv",
    ]
    try:
        assert run(home, *asked).returncode == 0
    finally:
        (home / "naze.toml").unlink()
    assert any((home / "実行").iterdir())
    assert set(pl.read_csv(home / "問.csv").columns) > {"text"}
