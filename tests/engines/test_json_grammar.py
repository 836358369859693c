"""A schema's grammar has an end to every gap; what it does not write is left to the engine."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.engines.json_grammar import bounded_grammar


def rules(schema):
    return dict(line.split(" ::= ", 1) for line in bounded_grammar(json.dumps(schema)).splitlines())


def test_white_space_and_digits_have_an_end():
    found = rules({"type": "object"})
    assert found["ws"] == r'"" | " " | "\n" [ \t]{0,24}'
    assert all("*" not in found[name] for name in ("ws", "natural", "number"))


def test_needed_properties_stand_in_order_and_others_may_be_left_out():
    found = rules(
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "boolean"}, "c": {"type": "null"}},
            "required": ["b"],
        }
    )
    first, second = found["root"].removeprefix('"{" ws (').removesuffix(') "}"').split(" | ")
    assert first.startswith(r'"\"a\"" ":" ws string ws ') and second.startswith(r'"\"b\"" ":" ws boolean ws ')
    behind_a, behind_b = found[first.split()[-1]], found[second.split()[-1]]
    assert behind_a.startswith(r'("," ws "\"b\""') and not behind_a.split(")")[1].startswith("?")
    assert behind_b == r'("," ws "\"c\"" ":" ws null ws)?'


@pytest.mark.parametrize(
    ("schema", "root"),
    [
        ({"enum": ["a", 1, None]}, r'"\"a\"" | "1" | "null"'),
        ({"const": "x"}, r'"\"x\""'),
        ({"type": ["string", "null"]}, "string | null"),
        ({"anyOf": [{"type": "string"}, {"type": "integer", "title": "N"}]}, "string | integer"),
        ({"type": "integer", "minimum": 1, "maximum": 3}, '"1" | "2" | "3"'),
        ({"type": "integer", "minimum": 0}, "natural"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
         '"[" ws string ws ("," ws string ws){0,2} "]"'),
        ({"type": "array", "maxItems": 0}, '"[" ws "]"'),
        (True, "value"),
    ],
)  # fmt: skip
def test_each_kind_of_schema_has_its_expression(schema, root):
    assert rules(schema)["root"] == root


def test_a_texts_length_is_counted_by_rules():
    found = rules({"type": "string", "minLength": 1, "maxLength": 2})
    assert found["root"] == r'"\"" text1to2at0'
    assert found["text1to2at0"].startswith("[^") and found["text1to2at0"].endswith(r'"\\" escape text1to2at1')
    assert found["text1to2at1"].startswith(r'"\"" | [^')
    assert found["text1to2at2"] == r'"\""'
    assert rules({"type": "string", "minLength": 1})["text1toat0"].endswith("escape chars")
    assert rules({"type": "string", "maxLength": 0})["text0to0at0"] == r'"\""'


def test_a_schema_may_refer_to_itself():
    tree = {"$ref": "#/$defs/T", "$defs": {"T": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}
    found = rules(tree)
    assert found["root"] == "ref0" and found["ref0"] == '"[" ws (ref0 ws ("," ws ref0 ws)*)? "]"'


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^a{2,3}$"},
        {"type": "string", "format": "date"},
        {"type": "integer", "minimum": 7},
        {"type": "integer", "minimum": 0.5, "maximum": 3},
        {"type": "number", "minimum": 0},
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"type": "object", "properties": {}, "required": ["a"]},
        {"type": "object", "patternProperties": {"^a": {}}},
        {"$ref": "https://example.org/other.json"},
        {"type": "object", "properties": {"a": {"not": {}}}},
        {"minLength": 3},
    ],
)
def test_what_is_rarer_is_left_to_the_engines_own_grammar(schema):
    assert bounded_grammar(json.dumps(schema)) is None


PATTERNS = [
    "^abc$",
    "^a+b*c?$",
    "^(?:ab|c)+$",
    "^(?:a|[bc]c)*a$",
    r"^a(?:[a-b]| [a-b]|\.[a-b])*\.$",
    r"^[ab\]-]+$",
    "^回[ぁ-ん]+(?:x|。)?$",
]


def endings(found, expression, text):
    """Recognise a text by rules: give what can be left of it."""
    for way in re.findall(r'(?:"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|[^|"\[])+', expression):
        left = {text}
        for part in re.findall(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\w+', way):
            if part.startswith('"'):
                literal = json.loads(part)
                left = {rest.removeprefix(literal) for rest in left if rest.startswith(literal)}
            elif part.startswith("["):
                left = {rest[1:] for rest in left if re.match(part, rest)}
            else:
                left = {end for rest in left for end in endings(found, found[part], rest)}
        yield from left


@given(st.sampled_from(PATTERNS), st.text(alphabet="abcx. ]-回あ。", max_size=7))
def test_a_pattern_s_grammar_lets_through_what_the_pattern_does(pattern, text):
    found = rules({"type": "string", "pattern": pattern})
    written = json.dumps(text, ensure_ascii=False)
    assert ("" in endings(found, found["root"], written)) is (re.search(pattern, text) is not None)


@pytest.mark.parametrize(
    ("pattern", "text"), [(PATTERNS[4], "ab a.b."), (PATTERNS[6], "回あああ。"), (PATTERNS[2], "abcab")]
)
def test_what_a_pattern_describes_can_be_written(pattern, text):
    found = rules({"type": "string", "pattern": pattern})
    assert "" in endings(found, found["root"], json.dumps(text, ensure_ascii=False))


def test_the_whole_text_of_a_pattern_is_written_and_no_more():
    found = rules({"type": "string", "pattern": "^ab$"})
    assert "" not in endings(found, found["root"], '"abc"') and "" not in endings(found, found["root"], '"a"')


@pytest.mark.parametrize(
    ("pattern", "ends_with"),
    [
        ("^a$", r'root ::= "\"" "a" "\""'),
        ("^ab?$", 'r0 ::= "b" "\\"" | "\\""\nroot ::= "\\"" "a" r0'),
        ("^x[a-c]+\\.$", 'r0 ::= [a-c] r0 | "." "\\""\nr1 ::= [a-c] r0\nroot ::= "\\"" "x" r1'),
        ("^(?:[a-c]|\\.[(|)])*$", 'r0 ::= [a-c] r0 | "." [(|)] r0 | "\\""\nroot ::= "\\"" r0'),
    ],
)
def test_a_simple_pattern_becomes_rules_that_end_in_themselves(pattern, ends_with):
    grammar = bounded_grammar(json.dumps({"type": "string", "pattern": pattern}))
    assert grammar is not None and grammar.endswith(ends_with)


@pytest.mark.parametrize(
    "pattern", ["a", "^[^a]$", "^.$", "^(a)$", "^a{2}$", '^"$', "^\\d$", "^[a\\n]$", "^[\\d]$"]
)
def test_a_pattern_that_is_not_simple_is_left_to_the_engines_own_grammar(pattern):
    assert bounded_grammar(json.dumps({"type": "string", "pattern": pattern})) is None
