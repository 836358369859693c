r"""HH-RLHF and its kin: `chosen` and `rejected`, each a dialogue (`\n\nHuman: …\n\nAssistant: …`) or messages.

Both dialogues share all but their end: the shared part is the prompt, the last answers are the responses.
The file has lost the side on which each stood; it is drawn by a hash of the texts, the same every time.
"""

import hashlib
import re
from typing import Any

import polars as pl

from naze.votes.formats.cells import TURNS, short, structure
from naze.votes.formats.conversations import sides_of
from naze.votes.formats.notes import Notes

__all__ = ["ChosenRejected"]

_SPEAKER = re.compile(r"\n\n(Human|Assistant):")

Turns = list[str | None]


class ChosenRejected:
    """Pairs of which one was preferred, without ties."""

    name = "hh_rlhf"
    title = "HH-RLHF chosen and rejected"
    consumes = ("chosen", "rejected", "prompt")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the two columns."""
        return {"chosen", "rejected"} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Take prompt and responses apart and draw sides."""
        prompts = batch["prompt"].to_list() if "prompt" in batch.columns else [None] * batch.height
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
    seed = "\x00".join(turn or "" for turn in (*left[0], *sorted(map(repr, (left[1], right[1])))))
    chosen_first = repr(left[1]) <= repr(right[1])
    drawn = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()[0] & 1
    if chosen_first == bool(drawn):
        return left[0], left[1], right[1], "a"
    return left[0], right[1], left[1], "b"


def _sides(value: object, prompt: object, name: str, row: int, notes: Notes) -> tuple[Turns, Turns] | None:
    if isinstance(value, str) and _SPEAKER.search(value):
        return sides_of(_dialogue(value), name, row, notes)
    if isinstance(value, str) and isinstance(prompt, str):
        return [notes.whole(prompt)], [notes.whole(value)]
    if isinstance(value, str) and not value.lstrip().startswith("["):
        notes.reject(row, f"{name} is {short(value)}; expected a dialogue of Human: and Assistant:.")
        return None
    return sides_of(structure(value, name, row, notes), name, row, notes)


def _dialogue(text: str) -> list[dict[str, str]]:
    pieces = _SPEAKER.split(text if text.startswith("\n\n") else "\n\n" + text)
    roles = {"Human": "user", "Assistant": "assistant"}
    return [
        {"role": roles[speaker], "content": said.strip()}
        for speaker, said in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
