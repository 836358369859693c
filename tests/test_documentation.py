"""What the documents say is true: names, commands, settings; every code block runs or is checked.

A code block is treated by its language and by a comment on the line above it:

- `python`: run, in the order of the page, in one process, in a folder that holds `examples/`. So that this takes
  seconds, the demo's model is replaced by the small one (both are real), and explanations and single answers whose
  length a page leaves open end after 64 and 16 tokens.
- `console`: a line that begins with `$ naze` is a command. Its names and options are checked; with
  `<!-- run -->` above the block it is run, too.
- `toml`, `json`: parsed.
- `<!-- not run: reason -->` above a `python` block: only compiled.
"""

import doctest
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import naze
import naze.cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")]
    if path.name != "CHANGELOG.md"
]
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
BIN = Path(sysconfig.get_path("scripts"))


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    comment: str
    code: str

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks_of(page):
    pattern = re.compile(
        r"(?:^<!-- (?P<comment>[^\n]*) -->\n+)?^```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^```", re.M | re.S
    )
    text = page.read_text("utf-8")
    for found in pattern.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        name = str(page.relative_to(ROOT))
        yield Block(name, line, found["language"], found["comment"] or "", found["code"])


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def in_language(*languages):
    return [block for block in BLOCKS if block.language in languages]


def root_command():
    return typer.main.get_command(naze.cli.app)


def find(words):
    """Follow words of a command line to the command they name; return it with the words that it takes."""
    command, taken = root_command(), []
    context = typer.Context(command, info_name="naze")
    while hasattr(command, "resolve_command"):
        words_left = words[len(taken) :]
        if not words_left or words_left[0].startswith("-"):
            break
        word = words_left[0]
        if hasattr(command, "default") and word not in command.commands:  # `naze factors RUN` is `… find RUN`
            words, word = [*taken, command.default, *words_left], command.default
        name, command, _ = command.resolve_command(context, [word])
        taken.append(name)
        context = typer.Context(command, info_name=name, parent=context)
    return taken, command, context


def every_command(command=None, words=()):
    """Yield the words that call each command and subcommand, a group before its members."""
    taken, command, context = find(list(words))
    yield taken
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from every_command(command, [*words, name])


def text_of_commands_page():
    parts = [
        "# Commands\n",
        "Written by the program itself (`make golden`), and checked by the tests.\n",
        "Exit status: 0 all answered, 3 some rows failed, 4 the budget is used up, 1 could not run, 130\n"
        "interrupted (the same command goes on where it stopped).\n",
    ]
    for words in every_command():
        shown = CliRunner().invoke(naze.cli.app, [*words, "--help"], prog_name="naze", env={"COLUMNS": "80"})
        assert shown.exit_code == 0, shown.output
        title = " ".join(["naze", *words])
        help_text = "\n".join(line.rstrip() for line in shown.stdout.strip().splitlines())
        parts.append(f"{'#' * (2 if len(words) < 2 else 3)} {title}\n\n```text\n{help_text}\n```\n")
    return "\n".join(parts)


def test_the_page_of_commands_is_what_the_program_says(golden):
    golden(COMMANDS_PAGE, text_of_commands_page())


def test_every_option_says_what_it_does():
    silent = []
    for words in every_command():
        _, command, _ = find(words)
        silent += [f"{' '.join(words)} {p.name}" for p in command.params if not getattr(p, "help", None)]
    assert silent == []


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_readme_names_every_command(page):
    text = (ROOT / page).read_text("utf-8")
    assert [name for name in naze.cli.COMMANDS if f"naze {name}" not in text] == []


def test_every_public_name_is_documented():
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in naze.__all__ if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_is_reached_from_the_readme_or_the_index(page):
    if page.parent == ROOT:
        return
    index = (ROOT / "docs" / "index.md").read_text("utf-8") + (ROOT / "README.md").read_text("utf-8")
    assert page.name in index or page.name == "index.md"


@pytest.mark.parametrize("block", in_language("toml"), ids=str)
def test_toml_parses(block):
    tomllib.loads(block.code)


@pytest.mark.parametrize("block", in_language("json"), ids=str)
def test_json_parses(block):
    json.loads(block.code)


def commands_in(block):
    joined = block.code.replace("\\\n", " ")
    for line in joined.splitlines():
        line = line.removeprefix("$ ")
        if line.startswith("naze "):
            yield line.split("  #")[0].strip()


def shell_lines():
    blocks = in_language("console", "bash", "sh", "shell")
    return [pytest.param(line, id=f"{block}: {line[:60]}") for block in blocks for line in commands_in(block)]


@pytest.mark.parametrize("line", shell_lines())
def test_commands_in_documents_exist_with_their_options(line):
    words = shlex.split(line)[1:]
    words = (
        words[1:] if words[0] == "estimate" and len(words) > 1 and words[1] in naze.cli.COMMANDS else words
    )
    _, command, _ = find(words)
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {
        "--help"
    }
    given = [word.split("=")[0] for word in words if word.startswith("-") and not word[1:2].isdigit()]
    assert [word for word in given if word not in known] == []


@pytest.fixture
def desk(tmp_path):
    """A folder to run documents in: the examples lie there, as in the root of a checkout."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


BRIEFLY = """
import functools, sys, naze
short = naze.ExplainSettings(sampling=naze.Sampling(max_tokens=64))
naze.explain = functools.partial(naze.explain, settings=short)
naze.generate = functools.partial(naze.generate, options={"num_predict": 16})
exec(compile(sys.stdin.read(), "page", "exec"), {"__name__": "__main__"})
"""


def run_in(desk, command, given=""):
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
    return subprocess.run(
        command,
        cwd=desk,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        input=given,
    )


@pytest.mark.slow
@pytest.mark.parametrize("block", [b for b in in_language("console") if b.comment == "run"], ids=str)
def test_console_blocks_run(block, desk):
    for line in commands_in(block):
        done = run_in(desk, ["bash", "-c", line])
        assert done.returncode in (0, 3), f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", sorted({b.page for b in in_language("python") if not b.comment.startswith("not run")})
)
def test_python_blocks_run(page, desk, smollm2_path):
    blocks = [b for b in in_language("python") if b.page == page and not b.comment.startswith("not run")]
    code = "\n".join(block.code for block in blocks).replace("qwen2.5-coder:1.5b", "smollm2:135m")
    done = run_in(desk, [sys.executable, "-c", BRIEFLY], code)
    assert done.returncode == 0, done.stderr


def modules_with_examples():
    sources = sorted((ROOT / "src").rglob("*.py"))
    with_examples = [path for path in sources if ">>> " in path.read_text("utf-8")]
    return [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in with_examples]


@pytest.mark.xdist_group("documents")
@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(name, desk, smollm2_path, monkeypatch):
    monkeypatch.chdir(desk)
    module = importlib.import_module(name.removesuffix(".__init__"))
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(module, extraglobs={"naze": naze}, optionflags=options)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("block", in_language("python"), ids=str)
def test_python_blocks_compile(block):
    compile(block.code, str(block), "exec")
