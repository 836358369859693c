"""A schema is taken however a person gives it, told to the model in words, and becomes columns."""

import json
from typing import Literal

import polars as pl
import pytest
from pydantic import BaseModel, Field

from naze.errors import ConfigurationError, FormatError, InputError
from naze.jobs.schemas import as_schema, describe_fields, field_kinds


class Address(BaseModel):
    city: str


class Person(BaseModel):
    """Found by `module:Person` below."""

    name: str = Field(description="The full name")
    age: int | None
    kind: Literal["customer", "shop"]
    addresses: list[Address]


def test_a_pydantic_model_is_a_schema():
    assert set(as_schema(Person)["properties"]) == {"name", "age", "kind", "addresses"}


def test_a_model_is_found_by_its_place(tmp_path, monkeypatch):
    (tmp_path / "shapes.py").write_text("import pydantic\nclass P(pydantic.BaseModel):\n    name: str\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(as_schema("shapes:P")["properties"]) == ["name"]
    with pytest.raises(InputError, match="module:PydanticModel"):
        as_schema("shapes:Q")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("{", FormatError, "JSON"),
        ("[1]", FormatError, "an object"),
        ('{"type": "nothing"}', ConfigurationError, "not valid"),
    ],
)
def test_a_file_that_is_no_schema_is_refused(tmp_path, text, error, said):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(error, match=said):
        as_schema(tmp_path / "s.json")


def test_the_model_is_told_the_fields_in_words():
    english = describe_fields(as_schema(Person), "en").splitlines()
    assert english == [
        "Fill in these fields:",
        "- name (text): The full name",
        "- age (whole number or null)",
        '- kind (one of: "customer", "shop")',
        "- addresses (list of object)",
        "  - city (text)",
    ]
    japanese = describe_fields(as_schema(Person), "ja").splitlines()
    assert japanese[2] == "- age (整数またはnull)"


def test_plain_fields_become_columns_of_their_kind_and_others_json():
    assert field_kinds(as_schema(Person)) == {
        "name": pl.String(),
        "age": pl.Int64(),
        "kind": pl.String(),
        "addresses": pl.String(),
    }


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "object"}])
def test_a_schema_without_fields_makes_no_columns(schema):
    with pytest.raises(ConfigurationError, match="at least one"):
        field_kinds(schema)


def test_a_reference_to_itself_ends():
    schema = {"$ref": "#/$defs/t", "$defs": {"t": {"properties": {"next": {"$ref": "#/$defs/t"}}}}}
    assert len(describe_fields(schema, "en").splitlines()) == 5
    assert json.dumps(schema)
