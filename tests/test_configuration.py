"""Settings from files, the environment and flags, in rising order; nothing misspelt is ignored."""

import re
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from naze.configuration import Configuration, Prices, cache_folder, configuration_files, read_configuration
from naze.errors import ConfigurationError


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """A working folder and a configuration folder of this test alone."""
    home = tmp_path / "config"
    (home / "naze").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda *names, **more: str(home / "naze"))
    monkeypatch.chdir(tmp_path / "work")
    for name in ("NAZE_MODEL", "NAZE_CACHE", "NAZE_LANGUAGE", "NAZE_THREADS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write_home(desk, text):
    (desk / "config" / "naze" / "naze.toml").write_text(text, "utf-8")


def write_here(text):
    Path("naze.toml").write_text(text, "utf-8")


def test_without_anything_the_defaults_hold():
    found = read_configuration()
    assert (found.model, found.engine, found.language, str(found.runs)) == (None, None, "en", "runs")
    assert found.allow_remote == ()


def test_each_source_wins_over_the_one_before(desk, monkeypatch):
    write_home(desk, 'model = "home"\nlanguage = "de"\nengine = "http"\nthreads = 1')
    assert read_configuration().model == "home"
    write_here('model = "here"\nlanguage = "fr"\nthreads = 2')
    assert read_configuration().model == "here"
    monkeypatch.setenv("NAZE_MODEL", "environment")
    monkeypatch.setenv("NAZE_LANGUAGE", "ja")
    assert read_configuration().model == "environment"
    found = read_configuration(model="flag", language=None)
    assert (found.model, found.language, found.threads, found.engine) == ("flag", "ja", 2, "http")
    assert len(configuration_files()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('modell = "x"', r"naze\.toml: 'modell' is no setting\. Did you mean 'model'\?"),
        ("threads = 0", r"naze\.toml: threads is 0; .*greater than or equal to 1"),
        ("threads = 'many'", r"naze\.toml: threads is 'many'; .*integer"),
        ("prices = { input = 1 }", r"naze\.toml: prices\.output .*required"),
        ("prices = { input = 1, output = -1 }", r"naze\.toml: prices\.output is -1; .*0"),
        ("model = \nlanguage = 1", r"naze\.toml: cannot be read: .*line 1"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_place_and_value(text, message):
    write_here(text)
    with pytest.raises(ConfigurationError, match=message):
        read_configuration()


def test_a_file_that_is_not_utf_8_is_told():
    Path("naze.toml").write_bytes('model = "é"'.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"naze\.toml: cannot be read.*UTF-8"):
        read_configuration()


def test_a_misspelt_variable_names_the_nearest(monkeypatch):
    monkeypatch.setenv("NAZE_MODLE", "x")
    with pytest.raises(ConfigurationError, match=r"'NAZE_MODLE' is no setting\. Did you mean 'NAZE_MODEL'"):
        read_configuration()


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("NAZE_THREADS", "-3")
    with pytest.raises(ConfigurationError, match="environment variable NAZE_THREADS: threads is '-3'"):
        read_configuration()


def test_an_unknown_flag_names_the_nearest():
    with pytest.raises(ConfigurationError, match=r"'langage' is no setting\. Did you mean 'language'"):
        read_configuration(langage="ja")


def test_lists_and_prices_can_stand_in_the_environment(monkeypatch):
    monkeypatch.setenv("NAZE_ALLOW_REMOTE", "https://a.example, b.example:80")
    monkeypatch.setenv("NAZE_PRICES__INPUT", "0.1")
    monkeypatch.setenv("NAZE_PRICES__OUTPUT", "0.4")
    found = read_configuration()
    assert found.allow_remote == ("https://a.example", "b.example:80")
    assert found.prices == Prices(input=0.1, output=0.4)


def test_a_key_is_never_shown(monkeypatch):
    monkeypatch.setenv("NAZE_API_KEY", "secret-of-this-test")
    assert "secret-of-this-test" not in repr(read_configuration())
    write_here("api_key = 5")
    monkeypatch.delenv("NAZE_API_KEY")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration()
    assert "5" not in str(caught.value).split("naze.toml")[1]


def test_the_cache_is_where_it_was_said_to_be(desk, monkeypatch):
    write_here(f"cache = '{desk / 'files'}'")
    assert cache_folder() == desk / "files"
    monkeypatch.setenv("NAZE_CACHE", str(desk / "variable"))
    assert cache_folder() == desk / "variable"
    monkeypatch.setenv("NAZE_CACHE", "~/naze-cache")
    assert cache_folder().is_absolute()


@pytest.mark.parametrize("setting", list(Configuration.model_fields))
def test_every_setting_is_documented(setting, repository):
    page = (repository / "docs" / "configuration.md").read_text("utf-8")
    [row] = re.findall(rf"^\| `{setting}` \|.*$", page, re.M)
    assert f"NAZE_{setting.upper()}" in row
    assert Configuration.model_fields[setting].description


def test_every_documented_setting_exists(repository):
    page = (repository / "docs" / "configuration.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == set(Configuration.model_fields)


def test_help_does_not_read_the_settings():
    script = (
        "import sys\nsys.argv = ['naze', '--help']\nimport naze.cli\n"
        "try:\n    naze.cli.main()\nexcept SystemExit:\n    pass\n"
        "print('naze.configuration' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False"
