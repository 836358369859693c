r"""HH-RLHF and its kin: `chosen` and `rejected`, each a dialogue (`\n\nHuman: …\n\nAssistant: …`) or messages.

Both dialogues share all but their end: the shared part is the prompt, the last answers are the responses.
The file has lost the side on which each stood; it is drawn by a hash of the texts, the same every time.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from naze.votes.formats.cells import TURNS, short, structure
from naze.votes.formats.conversations import sides_of
from naze.votes.formats.notes import Notes

__all__ = ["ChosenRejected", "stands_first"]

_MESSAGES = re.compile(r"\s*\[\s*\{\s*['\"](?:role|content|from|value)['\"]\s*:")
"""How a list of messages begins, as JSON or as Python writes it."""
_SPEAKER = re.compile(r"\n\n(Human|Assistant):")

Turns = list[str | None]


class ChosenRejected:
    """Pairs of which one was preferred, without ties."""

    name = "hh_rlhf"
    title = "chosen and rejected: HH-RLHF, TRL, UltraFeedback, Orca and Alpaca preferences"
    consumes = ("chosen", "rejected", "prompt", "question", "instruction", "input", "system")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the two columns."""
        return {"chosen", "rejected"} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Take prompt and responses apart and draw sides."""
        prompts = _prompts(batch)
        rows = [
            _vote_of(chosen, rejected, prompt, row, notes)
            for row, (chosen, rejected, prompt) in enumerate(
                zip(batch["chosen"], batch["rejected"], prompts, strict=True)
            )
        ]
        schema: dict[str, Any] = {
            "prompt": TURNS,
            "response_a": TURNS,
            "response_b": TURNS,
            "winner": pl.String,
        }
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return frame.with_columns(batch["id"]) if "id" in batch.columns else frame


def _prompts(batch: pl.DataFrame) -> list[object]:
    """Give each row's prompt, whatever the trainer calls it: `prompt`, `question`, or `instruction` with `input`."""
    if "prompt" in batch.columns:
        return batch["prompt"].to_list()
    name = next((name for name in ("question", "instruction") if name in batch.columns), None)
    if name is None:
        return [None] * batch.height
    before = batch["system"].to_list() if "system" in batch.columns else [None] * batch.height
    behind = batch["input"].to_list() if "input" in batch.columns else [None] * batch.height
    return [
        "\n\n".join(str(part) for part in parts if part) if parts[1] is not None else None
        for parts in zip(before, batch[name].to_list(), behind, strict=True)
    ]


def _vote_of(
    chosen: object, rejected: object, prompt: object, row: int, notes: Notes
) -> tuple[Turns | None, Turns | None, Turns | None, str | None]:
    left = _sides(chosen, prompt, "chosen", row, notes)
    right = _sides(rejected, prompt, "rejected", row, notes)
    if left is None or right is None:
        return None, None, None, None
    if left[0] != right[0]:
        notes.reject(row, "chosen and rejected differ before their last answer.")
        return None, None, None, None
    if stands_first(left[0], left[1], right[1]):
        return left[0], left[1], right[1], "a"
    return left[0], right[1], left[1], "b"


def stands_first(prompt: Turns, response: Turns, other: Turns) -> bool:
    """Draw the side of a response by a hash of the texts: the same every time, whichever of the two is named first."""
    seed = "\x00".join(turn or "" for turn in (*prompt, *sorted(map(repr, (response, other)))))
    drawn = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()[0] & 1
    return (repr(response) <= repr(other)) == bool(drawn)


def _sides(value: object, prompt: object, name: str, row: int, notes: Notes) -> tuple[Turns, Turns] | None:
    if isinstance(value, str) and _SPEAKER.search(value):
        return sides_of(_dialogue(value), name, row, notes)
    if isinstance(value, str) and isinstance(prompt, str) and not _MESSAGES.match(value):
        return [notes.whole(prompt)], [notes.whole(value)]
    if isinstance(value, str) and not value.lstrip().startswith("["):
        notes.reject(
            row,
            f"{name} is {short(value)}, and there is no prompt; expected one in a column prompt, question or instruction "
            "(--columns prompt=…), or a dialogue of Human: and Assistant:.",
        )
        return None
    messages = _messages(value, name, row, notes)
    if messages is None:
        return None
    first = messages[0] if messages else None
    if isinstance(first, Mapping) and first.get("role") == "assistant":
        messages = [*_as_messages(prompt, row, notes), *messages]
    return sides_of(messages, name, row, notes)


def _messages(value: object, name: str, row: int, notes: Notes) -> list[Any] | None:
    """Read a cell that holds messages; as pandas writes them as text, there is no comma between them."""
    if isinstance(value, str) and re.search(r"\}\s*\n?\s*\{", value) and not re.search(r"\}\s*,\s*\{", value):
        value = re.sub(r"\}\s*\{", "}, {", value)
    read = structure(value, name, row, notes)
    if isinstance(read, pl.Series):
        read = read.to_list()
    return list(read) if isinstance(read, list | tuple) else None


def _as_messages(prompt: object, row: int, notes: Notes) -> list[Any]:
    """Give the prompt as messages: a text is the person's turn."""
    if isinstance(prompt, pl.Series):
        prompt = prompt.to_list()
    if isinstance(prompt, str) and not prompt.lstrip().startswith("["):
        return [{"role": "user", "content": prompt}]
    return _messages(prompt, "prompt", row, notes) or [] if prompt is not None else []


def _dialogue(text: str) -> list[dict[str, str]]:
    pieces = _SPEAKER.split(text if text.startswith("\n\n") else "\n\n" + text)
    roles = {"Human": "user", "Assistant": "assistant"}
    return [
        {"role": roles[speaker], "content": said.strip()}
        for speaker, said in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
