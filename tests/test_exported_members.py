"""The public names, pinned: to add or drop one is a decision, and shows here and in the changelog."""

import ast
import importlib
from pathlib import Path

import pytest

import naze

ROOMS = sorted(
    path.parent.name for path in Path(naze.__file__).parent.glob("*/__init__.py") if path.parent.name != "cli"
)


def test_the_public_names_are_these(golden):
    rooms = {room: importlib.import_module(f"naze.{room}").__all__ for room in ROOMS}
    lines = [f"naze.{name}" for name in sorted(naze.__all__)]
    lines += [f"naze.{room}.{name}" for room, names in sorted(rooms.items()) for name in sorted(names)]
    golden("public-names.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("name", naze.__all__)
def test_every_public_name_can_be_used(name):
    assert getattr(naze, name) is not None


@pytest.mark.parametrize("name", naze.__all__)
def test_every_public_name_says_what_it_is(name):
    assert (getattr(naze, name).__doc__ or "").strip()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_what_it_is_and_exports_what_is_there(room):
    module = importlib.import_module(f"naze.{room}")
    assert module.__doc__
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_names_are_listed_as_type_checkers_see_them():
    source = ast.parse(Path(naze.__file__).read_text("utf-8"))
    imported = {
        alias.name
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("naze.")
        for alias in node.names
    }
    assert imported == set(naze.__all__) == set(dir(naze))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'explian'"):
        _ = naze.explian
