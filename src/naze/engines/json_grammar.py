"""A JSON Schema goes in; a grammar (EBNF) of the same documents comes out, in which white space and digits have an end.

The grammar that OpenVINO GenAI makes of a schema by itself allows any amount of white space between two tokens, and a small
model may write line ends until it is cut off: JSON that never comes to its end. What is written here ends each gap after a
line end and an indentation. Simple patterns (texts, classes of characters, repetitions of these) are written here too, each
repetition such that it ends in itself; what is rarer than that trouble (`format`, other patterns, …) is left to GenAI's own.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

__all__ = ["bounded_grammar"]

MOST_INDENTED = 24
"""Spaces behind a line end."""
MOST_LISTED = 500
"""A range of whole numbers of at most so many is written out."""
_CHARACTER = r"[^\0-\x1f\"\\\r\n]"
_BASICS = {
    "ws": rf'"" | " " | "\n" [ \t]{{0,{MOST_INDENTED}}}',
    "escape": r'["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F]',
    "chars": rf'"\"" | {_CHARACTER} chars | "\\" escape chars',
    "string": r'"\"" chars',
    "natural": '"0" | [1-9] [0-9]{0,17}',
    "integer": '"-"? natural',
    "number": '"-"? natural ("." [0-9]{1,17})? ([eE] [+-]? [0-9]{1,3})?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "value": "string | number | boolean | null | anyarray | anyobject",
    "anyarray": '"[" ws (value ("," ws value)*)? ws "]"',
    "anymember": 'string ":" ws value',
    "anyobject": '"{" ws (anymember ws ("," ws anymember ws)*)? "}"',
}
_SAYS_NOTHING = frozenset(
    {
        "title",
        "description",
        "default",
        "examples",
        "$schema",
        "$id",
        "$comment",
        "deprecated",
        "$defs",
        "definitions",
    }
)
_TYPE_KEYS = {
    "string": frozenset({"minLength", "maxLength", "pattern"}),
    "integer": frozenset({"minimum", "maximum"}),
    "number": frozenset[str](),
    "boolean": frozenset[str](),
    "null": frozenset[str](),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "object": frozenset({"properties", "required", "additionalProperties"}),
}


class _OtherError(Exception):
    """The schema says something that is not written here."""


@lru_cache(maxsize=64)
def bounded_grammar(schema: str) -> str | None:
    r"""Write a schema's grammar; None where it says something that is left to the engine's own.

    Objects have their properties in the schema's order and, where `additionalProperties` does not allow them, no others.

    Args:
        schema: JSON Schema, as JSON text; known to be valid.

    Example:
        >>> print(bounded_grammar('{"enum": ["a", "b"]}').splitlines()[-1])
        root ::= "\"a\"" | "\"b\""
    """
    whole = json.loads(schema)
    maker = _Maker(whole)
    try:
        root = maker.of(whole)
    except _OtherError:
        return None
    rules = {**_BASICS, **maker.rules, "root": root}
    return "\n".join(f"{name} ::= {body}" for name, body in rules.items())


class _Maker:
    """Makes the rules of one schema."""

    def __init__(self, whole: Any) -> None:  # noqa: ANN401 - JSON
        self._whole = whole
        self.rules: dict[str, str] = {}
        self._of_reference: dict[str, str] = {}

    def of(self, schema: Any) -> str:  # noqa: ANN401 - JSON
        """Write the expression of a schema.

        Raises:
            _OtherError: a keyword that is not written here.
        """
        if schema is True or schema == {}:
            return "value"
        if not isinstance(schema, dict):
            raise _OtherError
        said = {name: value for name, value in schema.items() if name not in _SAYS_NOTHING}
        if "enum" in said or "const" in said:
            _only(said, {"enum", "const", "type"})
            return " | ".join(_literal(_json(one)) for one in said.get("enum", [said.get("const")]))
        for several in ("anyOf", "oneOf"):
            if several in said:
                _only(said, {several})
                return " | ".join(self._named(self.of(one)) for one in said[several])
        if "allOf" in said:
            _only(said, {"allOf"})
            [only] = said["allOf"] if len(said["allOf"]) == 1 else [False]
            return self.of(only)
        if "$ref" in said:
            _only(said, {"$ref"})
            return self._reference(str(said["$ref"]))
        return self._typed(said)

    def _typed(self, said: Mapping[str, Any]) -> str:
        kinds = said.get("type")
        if isinstance(kinds, list):
            own = {name: value for name, value in said.items() if name != "type"}
            _only(own, frozenset[str]().union(*(_TYPE_KEYS.get(kind, frozenset()) for kind in kinds)))
            return " | ".join(self._named(self._typed(_of_kind(own, kind))) for kind in kinds)
        if kinds is None and "properties" in said:
            kinds = "object"
        if kinds not in _TYPE_KEYS:
            raise _OtherError
        _only(said, {"type", *_TYPE_KEYS[kinds]})
        write = {
            "string": self._string,
            "integer": _integer,
            "array": self._array,
            "object": self._object,
        }.get(kinds)
        return kinds if write is None else write(said)

    def _string(self, said: Mapping[str, Any]) -> str:
        """Write a text, of whose length a rule for each character keeps count.

        A repetition of a rule, `char{2,60}`, would say the same. But then xgrammar looks at thousands of tokens before every
        token that is written (docs/performance.md); what may follow a rule that ends in a rule is known beforehand.
        """
        if "pattern" in said:
            return self._pattern(str(said["pattern"]))
        least, most = int(said.get("minLength", 0)), said.get("maxLength")
        if not least and most is None:
            return "string"
        most = None if most is None else max(least, int(most))
        name = f"text{least}to{'' if most is None else most}at"
        for count in range(least if most is None else most + 1):
            following = f"{name}{count + 1}"
            if count + 1 == least and most is None:
                following = "chars"
            ways = [r'"\""'] if count >= least else []
            if count != most:
                ways += [f"{_CHARACTER} {following}", rf'"\\" escape {following}']
            self.rules[f"{name}{count}"] = " | ".join(ways)
        return rf'"\"" {name}0'

    def _pattern(self, pattern: str) -> str:
        """Write a text by its pattern: pieces one after another, each a character, a class, or a choice of such sequences.

        A repetition becomes a rule that ends in itself, for the reason that `_string` gives. Lengths beside a pattern are
        checked after the answer is there.
        """
        if not (pattern.startswith("^") and pattern.endswith("$")):
            raise _OtherError
        following = r'"\""'
        for piece, repeats in reversed(_pieces(pattern[1:-1])):
            once = " | ".join(f"{atoms} {following}" for atoms in piece)
            if not repeats and len(piece) == 1:
                following = once
            elif repeats in ("*", "+"):
                name = f"r{len(self.rules)}"
                self.rules[name] = " | ".join([*(f"{atoms} {name}" for atoms in piece), following])
                following = (
                    name if repeats == "*" else self._rule(" | ".join(f"{atoms} {name}" for atoms in piece))
                )
            else:
                following = self._rule(f"{once} | {following}" if repeats == "?" else once)
        return rf'"\"" {following}'

    def _array(self, said: Mapping[str, Any]) -> str:
        item = self._named(self.of(said.get("items", True)))
        least, most = int(said.get("minItems", 0)), said.get("maxItems")
        if most == 0:
            return '"[" ws "]"'
        further = f'("," ws {item} ws){_times(max(0, least - 1), None if most is None else most - 1)}'
        full = f"{item} ws {further}"
        return f'"[" ws {full} "]"' if least else f'"[" ws ({full})? "]"'

    def _object(self, said: Mapping[str, Any]) -> str:
        properties, required = said.get("properties", {}), set(said.get("required", ()))
        more = said.get("additionalProperties", "properties" not in said)
        if required - set(properties):
            raise _OtherError
        member = None
        if more is not False:
            member = (
                "anymember"
                if more is True or more == {}
                else self._rule(f'string ":" ws {self._named(self.of(more))}')
            )
        pairs = [
            (f'{_literal(_json(name))} ":" ws {self._named(self.of(one))} ws', name in required)
            for name, one in properties.items()
        ]
        tail = self._rule("" if member is None else f'("," ws {member} ws)*') if member else None
        tails = [tail]
        for pair, needed in reversed(pairs):
            own = f'("," ws {pair})' + ("" if needed else "?")
            tail = self._rule(own if tail is None else f"{own} {tail}")
            tails.insert(0, tail)
        firsts = []
        for (pair, needed), behind in zip(pairs, tails[1:], strict=True):
            firsts.append(pair if behind is None else f"{pair} {behind}")
            if needed:
                break
        else:
            firsts += [f'{member} ws ("," ws {member} ws)*'] if member else []
            firsts.append('""')
        return f'"{{" ws ({" | ".join(firsts)}) "}}"'

    def _reference(self, pointer: str) -> str:
        if pointer not in self._of_reference:
            self._of_reference[pointer] = name = f"ref{len(self._of_reference)}"
            self.rules[name] = self.of(_found(self._whole, pointer))
        return self._of_reference[pointer]

    def _named(self, expression: str) -> str:
        """Give an expression a name, where it is more than one."""
        return expression if expression.isalnum() else self._rule(expression)

    def _rule(self, body: str) -> str:
        name = f"r{len(self.rules)}"
        self.rules[name] = body
        return name


_CLASS = r"\[(?:\\.|[^\]\\])+\]"
_CHARACTER_OR_CLASS = rf"{_CLASS}|\\[^\w]|[^\[\](){{}}|*+?.^$\\]"
_ATOM = re.compile(_CHARACTER_OR_CLASS, re.S)
_PIECE = re.compile(
    rf"(?:\(\?:(?P<ways>(?:{_CLASS}|\\.|[^()\[\\])*)\)|(?P<atom>{_CHARACTER_OR_CLASS}))(?P<repeats>[*+?]?)",
    re.S,
)
_WAY = re.compile(rf"(?:{_CLASS}|\\.|[^|\[\\])+", re.S)
_CLASS_ESCAPE = re.compile(r"\\[^\\\]x-]")
"""What grammars write in another way than patterns do, such as a class's `\\d`."""
_NEVER_BARE = '"\\' + "".join(map(chr, range(32)))
"""Characters that stand in a JSON text in another way than by themselves."""


def _pieces(pattern: str) -> list[tuple[list[str], str]]:
    """Cut a pattern into pieces: the ways in which each can be written, as expressions, and how often it stands."""
    pieces: list[tuple[list[str], str]] = []
    place = 0
    while place < len(pattern):
        piece = _PIECE.match(pattern, place)
        if piece is None:
            raise _OtherError
        ways = piece["ways"]
        written = [_atoms(way) for way in (_WAY.findall(ways) if ways is not None else [piece["atom"]])]
        pieces.append((written, piece["repeats"]))
        place = piece.end()
    return pieces


def _atoms(way: str) -> str:
    """Write classes and characters that follow one another."""
    atoms = _ATOM.findall(way)
    if "".join(atoms) != way:
        raise _OtherError
    return " ".join(
        _class(atom) if atom.startswith("[") else _character(atom.removeprefix("\\")) for atom in atoms
    )


def _character(character: str) -> str:
    """Write one character, where it stands in a JSON text as it is."""
    if character in _NEVER_BARE:
        raise _OtherError
    return _literal(character)


def _class(atom: str) -> str:
    """Pass a class of characters on, where all of it may stand in a JSON text as it is."""
    known = re.compile(atom)
    if _CLASS_ESCAPE.search(atom) or any(known.fullmatch(character) for character in _NEVER_BARE):
        raise _OtherError
    return atom


def _only(said: Mapping[str, Any], known: "set[str] | frozenset[str]") -> None:
    """Make sure that a schema says nothing beside some keywords."""
    if said.keys() - known:
        raise _OtherError


def _of_kind(said: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Take what a schema says of one of its types."""
    return {"type": kind, **{name: value for name, value in said.items() if name in _TYPE_KEYS.get(kind, ())}}


def _found(whole: Any, pointer: str) -> Any:  # noqa: ANN401 - JSON
    """Follow a reference within the schema."""
    if not pointer.startswith("#"):
        raise _OtherError
    here = whole
    for part in pointer.lstrip("#/").split("/") if pointer != "#" else ():
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, dict) or name not in here:
            raise _OtherError
        here = here[name]
    return here


def _integer(said: Mapping[str, Any]) -> str:
    low, high = said.get("minimum"), said.get("maximum")
    if any(limit is not None and limit != int(limit) for limit in (low, high)):
        raise _OtherError
    if low is not None and high is not None and 0 <= high - low < MOST_LISTED:
        return " | ".join(f'"{number}"' for number in range(int(low), int(high) + 1))
    if high is None and low in (None, 0, 1):
        return {None: "integer", 0: "natural", 1: "[1-9] [0-9]{0,17}"}[low]
    raise _OtherError


def _times(least: int, most: int | None) -> str:
    if most is None:
        return "*" if least == 0 else f"{{{least},}}"
    return f"{{{least},{max(least, int(most))}}}"


def _json(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, ensure_ascii=False)


def _literal(text: str) -> str:
    """Write a text as a literal of the grammar."""
    return json.dumps(text, ensure_ascii=False)
