"""A YAML file goes in; plain values come out, or an error that names the line.

`yes`, `no`, `on` and `off` stay texts, as people mean them in a list of choices; only `true` and `false` are
truth values. A key that stands twice is an error.
"""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from naze.errors import FormatError
from naze.tables.files import existing_file

__all__ = ["LinedYaml", "read_lined_yaml", "read_yaml"]


def read_yaml(path: str | Path) -> Any:  # noqa: ANN401 - whatever stands in the file
    """Read a YAML (or JSON) file.

    Raises:
        FormatError: missing, empty, not UTF-8, broken syntax or a key twice; says in which line.
    """
    return read_lined_yaml(path).value


@dataclass(frozen=True, slots=True)
class LinedYaml:
    """What stands in a YAML file, and in which line each part of it begins."""

    value: Any
    lines: dict[tuple[str | int, ...], int]
    """Keys and places on the way to a part -> its line, from 1."""

    def line_of(self, *way: str | int) -> int:
        """Return the line where a part begins, or the smallest part around it that is there."""
        while way not in self.lines:
            way = way[:-1]
        return self.lines[way]


def read_lined_yaml(path: str | Path) -> LinedYaml:
    """Read a YAML (or JSON) file such that messages can name lines.

    Raises:
        FormatError: missing, empty, not UTF-8, broken syntax or a key twice; says in which line.
    """
    path = existing_file(path)
    try:
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
        try:
            node = loader.get_single_node()
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
        return LinedYaml(value, {(): 1, **dict(_lines(node))})
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: byte {error.start:,} is not UTF-8. Save the file as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FormatError(f"{path}, line {line}: {error.problem or error.context}; expected YAML.") from error
    except yaml.YAMLError as error:
        raise FormatError(f"{path}: cannot be read as YAML: {error}.") from error


def _lines(
    node: yaml.Node | None, way: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*way, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield (*way, place), value.start_mark.line + 1
            yield from _lines(value, (*way, place))


class _Loader(yaml.SafeLoader):
    """Reads the safe kinds of values, with fewer surprises than YAML 1.1 has."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that stands twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
