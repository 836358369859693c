"""Texts and a limit of tokens go in; prompts that hold as many texts each as fit come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from naze.jobs.asking import Worker
from naze.prompts import Template
from naze.records import Fit, FittedPrompt, Prompt

__all__ = ["Piece", "pack"]

_AROUND_TOKENS = 24
"""For the tags around a text and the seams between texts."""
_COUNTED_TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Piece:
    """A prompt about some of the texts."""

    prompt: FittedPrompt
    places: tuple[int, ...]
    """Which texts it holds; the prompt numbers them from 1."""


def pack(
    texts: Sequence[str], template: Template, worker: Worker, limit_tokens: int, wanted: int
) -> Iterator[Piece]:
    """Put texts into as few prompts as fit, in their order.

    Args:
        texts: one after another; one that is too long alone becomes a piece that is not asked.
        template: has the values `explanations` (each with `number` and `text`) and `most`.
        worker: counts tokens.
        limit_tokens: that a prompt may have.
        wanted: the template's `most`.
    """
    frame = template.render({"explanations": [], "most": wanted}, subject_id="frame")
    [frame_tokens] = worker.count_tokens([frame])
    places: list[int] = []
    used = frame_tokens
    for place, tokens in enumerate(_counts(texts, frame, frame_tokens, worker)):
        if places and used + tokens > limit_tokens:
            yield _piece(texts, places, template, worker, limit_tokens, wanted)
            places, used = [], frame_tokens
        places.append(place)
        used += tokens
    if places:
        yield _piece(texts, places, template, worker, limit_tokens, wanted)


def _counts(texts: Sequence[str], frame: Prompt, frame_tokens: int, worker: Worker) -> Iterator[int]:
    """Count each text's tokens, its tags included."""
    for start in range(0, len(texts), _COUNTED_TOGETHER):
        prompts = [replace(frame, subject=text) for text in texts[start : start + _COUNTED_TOGETHER]]
        for tokens in worker.count_tokens(prompts):
            yield max(0, tokens - frame_tokens) + _AROUND_TOKENS


def _piece(
    texts: Sequence[str],
    places: Sequence[int],
    template: Template,
    worker: Worker,
    limit_tokens: int,
    wanted: int,
) -> Piece:
    shown = [{"number": number, "text": texts[place]} for number, place in enumerate(places, 1)]
    name = f"explanations {places[0] + 1} to {places[-1] + 1}"
    prompt = template.render({"explanations": shown, "most": wanted}, subject_id=name)
    [tokens] = worker.count_tokens([prompt])
    fits = Fit.WHOLE if tokens <= limit_tokens else Fit.OVERFLOW
    return Piece(FittedPrompt(prompt, fits, tokens, tokens, limit_tokens), tuple(places))
