"""A schema as a person gives it goes in; JSON Schema, the fields that it asks for and their columns come out."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from naze.errors import ConfigurationError, FormatError, InputError
from naze.tables.files import existing_file

if TYPE_CHECKING:
    import polars as pl
    from pydantic import BaseModel

__all__ = ["as_schema", "describe_fields", "field_kinds"]

_SCALARS = {"string": "String", "integer": "Int64", "number": "Float64", "boolean": "Boolean"}
_SAID = {
    "en": {
        "fill": "Fill in these fields:", "string": "text", "integer": "whole number", "number": "number",
        "boolean": "true or false", "array": "list", "object": "object", "null": "null", "any": "any value",
        "or": " or ", "one of": "one of: ", "list of": "list of {}", "join": ", ",
    },
    "ja": {
        "fill": "次の項目を埋めてください:", "string": "文字列", "integer": "整数", "number": "数", "boolean": "trueかfalse",
        "array": "リスト", "object": "オブジェクト", "null": "null", "any": "任意の値", "or": "または",
        "one of": "次のどれか: ", "list of": "{}のリスト", "join": "、",
    },
}  # fmt: skip
"""How a schema's kinds are told to a model."""


def as_schema(schema: "Mapping[str, Any] | type[BaseModel] | str | Path") -> dict[str, Any]:
    """Take a schema as a person gives it.

    Args:
        schema: JSON Schema as a dictionary; a pydantic model; the path of a JSON file; or `module:Model`, a pydantic
            model by its place.

    Raises:
        FormatError: a file that is no JSON object.
        InputError: no such module or model.
        ConfigurationError: no valid JSON Schema.
    """
    if isinstance(schema, Mapping):
        found = dict(schema)
    elif isinstance(schema, str | Path):
        found = _from_text(str(schema))
    elif hasattr(schema, "model_json_schema"):
        found = schema.model_json_schema()
    else:
        raise ConfigurationError(
            f"schema is a {type(schema).__name__}; expected a JSON Schema, a file of one or a pydantic model."
        )
    try:
        jsonschema_rs.validator_for(found)
    except ValueError as error:
        raise ConfigurationError(f"the JSON Schema is not valid: {error}") from error
    return found


def _from_text(text: str) -> dict[str, Any]:
    module, separator, name = text.partition(":")
    if separator and not Path(text).exists() and module.replace(".", "").isidentifier():
        return _from_module(module, name)
    path = existing_file(text)
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise FormatError(f"{path}: cannot be read as JSON ({error}); expected a JSON Schema.") from error
    if not isinstance(found, dict):
        raise FormatError(
            f"{path}: holds a {type(found).__name__}; expected a JSON Schema, which is an object."
        )
    return found


def _from_module(module: str, name: str) -> dict[str, Any]:
    try:
        model = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"{module}:{name} cannot be found: {error}. Expected module:PydanticModel."
        ) from error
    if not hasattr(model, "model_json_schema"):
        raise InputError(f"{module}:{name} is a {type(model).__name__}; expected a pydantic model.")
    schema: dict[str, Any] = model.model_json_schema()
    return schema


def describe_fields(schema: Mapping[str, Any], language: str) -> str:
    """Tell a model in words which fields a schema asks for, one a line, with their descriptions.

    Args:
        schema: JSON Schema.
        language: `ja`; any other gets English.

    Raises:
        ConfigurationError: a schema whose top is no object with properties.
    """
    said = _SAID["ja" if language == "ja" else "en"]
    return "\n".join([said["fill"], *_lines(schema, schema, said, 0)])


def _lines(
    node: Mapping[str, Any], root: Mapping[str, Any], said: Mapping[str, str], depth: int
) -> list[str]:
    lines = []
    for name, given in _properties(node, root).items():
        one = _resolved(given, root)
        meaning = one.get("description") or given.get("description")
        lines.append(
            f"{'  ' * depth}- {name} ({_kind(one, root, said)})" + (f": {meaning}" if meaning else "")
        )
        inner = _resolved(one.get("items", one), root)
        if depth < 3 and inner.get("properties"):
            lines += _lines(inner, root, said, depth + 1)
    return lines


def _kind(node: Mapping[str, Any], root: Mapping[str, Any], said: Mapping[str, str]) -> str:
    node = _resolved(node, root)
    if "const" in node:
        return json.dumps(node["const"], ensure_ascii=False)
    if "enum" in node:
        return said["one of"] + said["join"].join(
            json.dumps(value, ensure_ascii=False) for value in node["enum"]
        )
    for several in ("anyOf", "oneOf"):
        if several in node:
            return said["or"].join(_kind(one, root, said) for one in node[several])
    if node.get("type") == "array" and isinstance(node.get("items"), dict):
        return said["list of"].format(_kind(node["items"], root, said))
    kinds = node.get("type", "any")
    return said["or"].join(said.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _properties(node: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    found = _resolved(node, root).get("properties")
    return found if isinstance(found, dict) else {}


def _resolved(node: Any, root: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Follow a reference inside the schema."""
    for _ in range(8):
        if not isinstance(node, dict):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return node
        target: Any = root
        for step in reference.lstrip("#/").split("/") if reference != "#" else []:
            target = target.get(step, {}) if isinstance(target, dict) else {}
        node = target
    return {}


def field_kinds(schema: Mapping[str, Any]) -> "dict[str, pl.DataType]":
    """Name the columns that a schema's properties become, and their kinds: plain ones as they are, else JSON text.

    Raises:
        ConfigurationError: a schema whose top is no object with properties.
    """
    import polars as pl

    properties = _properties(schema, schema)
    if not properties:
        raise ConfigurationError(
            "the schema's top has no properties; expected an object with at least one, such as "
            '{"type": "object", "properties": {"name": {"type": "string"}}}.'
        )
    return {name: getattr(pl, _scalar(one, schema))() for name, one in properties.items()}


def _scalar(node: Any, root: Mapping[str, Any]) -> str:  # noqa: ANN401 - JSON
    one = _resolved(node, root)
    several = one.get("anyOf") or one.get("oneOf")
    kinds = [_resolved(part, root).get("type") for part in several] if several else one.get("type")
    named = {str(kind) for kind in ([kinds] if isinstance(kinds, str) else kinds or ())} - {"null"}
    if named == {"integer", "number"}:
        return "Float64"
    return _SCALARS.get(next(iter(named)), "String") if len(named) == 1 else "String"
