"""Chatbot Arena conversations, and arena-human-preference 100k and 140k.

`conversation_a`, `conversation_b`: lists of messages `{role, content}`; in 140k the content is a list of parts
`{type, text, image, mimeType}`. `winner`: model_a, model_b, tie, tie (bothbad) or both_bad.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from naze.votes.formats.cells import TURNS, short, structure, winner_column
from naze.votes.formats.notes import Notes

__all__ = ["Conversations", "sides_of"]

WORDS = {"model_a": "a", "model_b": "b", "tie (bothbad)": "both_bad", "bothbad": "both_bad"}
IDS = ("id", "question_id", "conversation_id")
IMAGE = "[image]"

Turn = str | None


class Conversations:
    """Two whole conversations in each row."""

    name = "arena"
    title = "Chatbot Arena conversations, arena-human-preference-100k and -140k"
    consumes = ("conversation_a", "conversation_b", "winner")

    def recognises(self, first: pl.DataFrame) -> bool:
        """Look for the two conversations."""
        return {"conversation_a", "conversation_b"} <= set(first.columns)

    def convert(self, batch: pl.DataFrame, notes: Notes) -> pl.DataFrame:
        """Take the person's turns and the models' turns apart."""
        rows = [
            _vote_of(
                structure(a, "conversation_a", row, notes),
                structure(b, "conversation_b", row, notes),
                row,
                notes,
            )
            for row, (a, b) in enumerate(zip(batch["conversation_a"], batch["conversation_b"], strict=True))
        ]
        frame = pl.DataFrame(
            rows, schema={"prompt": TURNS, "response_a": TURNS, "response_b": TURNS}, orient="row"
        )
        if _JUDGEMENT <= set(batch.columns):
            frame = _judgements(frame, batch)
        elif (found := next((name for name in IDS if name in batch.columns), None)) is not None:
            frame = frame.with_columns(batch[found].alias("id"))
        if "winner" in batch.columns:
            frame = frame.with_columns(winner_column(batch["winner"], notes, WORDS))
        return frame


_JUDGEMENT = {"question_id", "judge", "turn"}


def _judgements(frame: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
    """Name human judgements of MT-bench by question, models, judge and turn, and show what the judge saw.

    Several judges see one question, and each judges the first turn and both together: `turn` 1 shows the first alone.
    Source: lmsys/mt_bench_human_judgments, its columns question_id, model_a, model_b, winner, judge, turn.
    """
    parts = [name for name in ("question_id", "model_a", "model_b", "judge", "turn") if name in batch.columns]
    shown = pl.col("turn").cast(pl.Int64, strict=False)
    sides = [
        pl.when(shown >= 1).then(pl.col(name).list.head(shown)).otherwise(pl.col(name)).alias(name)
        for name in ("prompt", "response_a", "response_b")
    ]
    named = batch.select(
        pl.concat_str([pl.col(name).cast(pl.String) for name in parts], separator="/").alias("id")
    )
    return frame.with_columns(batch["turn"]).with_columns(sides).drop("turn").hstack(named)


def _vote_of(a: object, b: object, row: int, notes: Notes) -> tuple[list[Turn] | None, ...]:
    left, right = sides_of(a, "conversation_a", row, notes), sides_of(b, "conversation_b", row, notes)
    if left is None or right is None:
        return None, None, None
    if left[0] != right[0]:
        notes.reject(row, "the person's turns differ between conversation_a and conversation_b.")
        return None, None, None
    return left[0], left[1], right[1]


def sides_of(messages: object, name: str, row: int, notes: Notes) -> tuple[list[Turn], list[Turn]] | None:
    """Take a conversation apart: the person's turns, and for each of them the model's answer (or None)."""
    if isinstance(messages, pl.Series):
        messages = messages.to_list()
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        notes.reject(row, f"{name} is {short(str(messages))}; expected a list of messages.")
        return None
    person: list[Turn] = []
    model: list[Turn] = []
    before = ""
    for message in messages:
        if not isinstance(message, Mapping):
            notes.reject(row, f"{name} holds {short(str(message))}; expected messages with role and content.")
            return None
        if not _is_content(message.get("content")):
            found = short(str(message.get("content")))
            notes.reject(row, f"{name} holds the content {found}; expected a text or a list of parts.")
            return None
        text = _text_of(message.get("content"), notes)
        role = message.get("role")
        if role == "system":
            before = f"{text}\n\n" if text else ""
        elif role == "user":
            person.append(before + text if text is not None else None)
            model.append(None)
            before = ""
        elif model:
            model[-1] = text if model[-1] is None else f"{model[-1]}\n\n{text or ''}"
        else:
            notes.reject(row, f"{name} begins with the role {role!r}; expected user.")
            return None
    return person, model


def _is_content(content: object) -> bool:
    if isinstance(content, Mapping):
        return isinstance(content.get("text"), str | None)
    if isinstance(content, Sequence) and not isinstance(content, str):
        return all(isinstance(part, str | Mapping) and _is_content(part) for part in content)
    return isinstance(content, str | None)


def _text_of(content: Any, notes: Notes) -> Turn:  # noqa: ANN401  # whatever the file holds
    if content is None:
        return None
    if isinstance(content, str):
        return notes.whole(content)
    parts = [content] if isinstance(content, Mapping) else list(content)
    said = [_part_of(part, notes) for part in parts]
    return "\n".join(text for text in said if text is not None) if any(t is not None for t in said) else None


def _part_of(part: Any, notes: Notes) -> Turn:  # noqa: ANN401  # whatever the file holds
    if isinstance(part, str):
        return notes.whole(part)
    if part.get("type") == "image" or part.get("image"):
        return IMAGE
    text = part.get("text")
    return None if text is None else notes.whole(text)
