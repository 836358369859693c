"""Explanations go in; the single reasons that they give come out, each with a quote from its source.

Three ways behind one function. `sentences`: rules cut the texts (`reasons.py`); nothing is asked. `model`: a model
takes each explanation apart, one at a time, so that any corpus fits any context. `long context`: a model with a long
context reads many explanations at once, in as few pieces as fit, and names what they share. Whatever a model says, a
quote that does not occur in its source is rejected; a reason that
shares no word with its own quote is dropped; where nothing of an answer holds, the rules stand in for all that it speaks
of, and that is told.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from naze.errors import ConfigurationError, InputError
from naze.factors.answers import Claimed, read_collected, read_extracted
from naze.factors.names import without_names
from naze.factors.notes import Note
from naze.factors.packing import Piece, pack
from naze.factors.reasons import split_reasons, stated_reasons
from naze.factors.sentences import script_language
from naze.generations import Progress
from naze.jobs.asking import Step, Worker
from naze.jobs.explaining import Statement
from naze.jobs.quotes import bears, restore_quote
from naze.prompts import Template, load_template
from naze.records import Answer, Fit, FittedPrompt, Reason, Sampling, Status, Winner

__all__ = ["Explanation", "Proposed", "Way", "propose"]

MOST_REASONS = 8
"""Asked of one explanation."""
_EXTRACT = Sampling(max_tokens=640, repetition_penalty=1.05)
_LETTERS = re.compile(r"[\W_]+")
_TOKENS_OF_REASON = 160
"""Of the answer of the long-context way, for each reason with its evidence."""


class Way(StrEnum):
    """How reasons are found in explanations."""

    SENTENCES = "sentences"
    """By rules for Japanese and English; nothing is asked."""
    MODEL = "model"
    """By a model, one explanation at a time."""
    LONG_CONTEXT = "long context"
    """By a model with a long context, many explanations at a time."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one vote went as it did, as a model wrote it."""

    vote_id: str
    text: str
    language: str | None = None
    """ISO 639-1 code; None when unsure."""
    winner: Winner | None = None
    """The result that the explainer was told."""
    statements: tuple[Statement, ...] | None = None
    """What it says, where it is written in naze's own form; None: free text, which is cut."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was found in explanations."""

    reasons: tuple[Reason, ...]
    methods: tuple[str, ...]
    """For each reason the `Way` that found it: `sentences` too where a model's answer was of no use."""
    explanation_count: int
    silent_count: int
    """Explanations in which nothing was found."""
    rejected_quotes: int
    """Quotes of the model that do not occur in their source; their reasons were dropped."""
    unsupported: int
    """Reasons of the model that share no word with their own quote; dropped."""
    stood_in: int
    """Explanations for which the rules stood in for the model."""
    echoed: int = 0
    """Reasons that only repeat what the explainer was told to do; dropped."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the person should know."""
        counts = {
            "quotes_rejected": self.rejected_quotes,
            "unsupported": self.unsupported,
            "rules_stood_in": self.stood_in,
            "echoed": self.echoed,
            "silent": self.silent_count,
        }
        return tuple(
            Note(key, {"n": count, "all": self.explanation_count}) for key, count in counts.items() if count
        )


def propose(
    explanations: Sequence[Explanation],
    *,
    way: Way = Way.SENTENCES,
    worker: Worker | None = None,
    folder: Path | None = None,
    language: str = "en",
    wanted: int = 50,
    asked: str = "",
    progress: Progress | None = None,
) -> Proposed:
    """Find the reasons that explanations give. Durable where a model is asked: the same call again continues.

    Args:
        explanations: one for each vote.
        way: rules, a model, or a model with a long context.
        worker: the model; not needed for the rules.
        folder: of the run that keeps the model's answers; not needed for the rules.
        language: ISO 639-1 code in which the model is asked.
        wanted: reasons that the long-context way asks of each piece.
        asked: what the explainer was told; a small model repeats that, and such reasons are dropped.
        progress: is told of every answer.

    Raises:
        InputError: no explanations, or two of one vote.
        ConfigurationError: a way that needs a model, and none is given.

    Example:
        >>> found = propose([Explanation("7", "Response B is better because it is shorter.", "en")])
        >>> found.reasons[0].text, found.reasons[0].quote
        ('is shorter', 'Response B is better because it is shorter.')
    """
    _check(explanations)
    if way is Way.SENTENCES:
        return _without_echoes(_gather(explanations, _Checked({}, 0, 0), way), asked)
    if all(one.statements is not None for one in explanations):  # there is nothing to take apart
        return _without_echoes(_gather(explanations, _Checked({}, 0, 0), Way.SENTENCES), asked)
    if worker is None or folder is None:
        raise ConfigurationError(f"the way {way.value!r} asks a model, and no model or folder is given.")
    if way is Way.MODEL:
        claims = _extract(explanations, worker, folder, language, progress)
        together = [[one.vote_id] for one in explanations]
    else:
        claims, together = _collect(explanations, worker, folder, language, wanted, progress)
    checked = _checked(explanations, claims, together)
    return _without_echoes(_gather(explanations, checked, way), asked)


def _without_echoes(found: Proposed, asked: str) -> Proposed:
    """Drop the reasons that stand, word by word, in what the explainer was told."""
    told = _LETTERS.sub("", asked).casefold()
    kept = [
        place
        for place, reason in enumerate(found.reasons)
        if not told or _LETTERS.sub("", reason.text).casefold() not in told
    ]
    return replace(
        found,
        reasons=tuple(found.reasons[place] for place in kept),
        methods=tuple(found.methods[place] for place in kept),
        echoed=len(found.reasons) - len(kept),
    )


def _check(explanations: Sequence[Explanation]) -> None:
    if not explanations:
        raise InputError("there are no explanations to find reasons in. Explain votes first: naze explain.")
    seen: set[str] = set()
    for explanation in explanations:
        if explanation.vote_id in seen:
            raise InputError(f"vote {explanation.vote_id!r} has two explanations; expected one of each vote.")
        seen.add(explanation.vote_id)


@dataclass(frozen=True, slots=True)
class _Checked:
    """What is left of a model's claims; an explanation without an entry is for the rules."""

    reasons: dict[str, list[Reason]]
    rejected_quotes: int
    unsupported: int


def _gather(explanations: Sequence[Explanation], found: _Checked, way: Way) -> Proposed:
    """Put the model's reasons together with those of the rules, in the order of the explanations."""
    reasons: list[Reason] = []
    methods: list[str] = []
    silent = stood_in = 0
    for explanation in explanations:
        of_model = found.reasons.get(explanation.vote_id)
        if explanation.statements is not None:
            some = stated_reasons(
                explanation.vote_id,
                explanation.statements,
                language=explanation.language,
                winner=explanation.winner,
            )
        elif of_model is None:
            stood_in += way is not Way.SENTENCES
            some = split_reasons(
                explanation.vote_id,
                explanation.text,
                language=explanation.language,
                winner=explanation.winner,
            )
        else:
            some = of_model
        silent += not some
        reasons += some
        by_rules = of_model is None or explanation.statements is not None
        methods += [(Way.SENTENCES if by_rules else way).value] * len(some)
    return Proposed(
        reasons=tuple(reasons),
        methods=tuple(methods),
        explanation_count=len(explanations),
        silent_count=silent,
        rejected_quotes=found.rejected_quotes,
        unsupported=found.unsupported,
        stood_in=stood_in,
    )


def _checked(
    explanations: Sequence[Explanation],
    claims: dict[str, list[Claimed]],
    together: Sequence[Sequence[str]],
) -> _Checked:
    """Keep the claims whose quote occurs in its source and bears the reason; count the others.

    Args:
        explanations: the sources.
        claims: vote id -> what the model says about it; no entry where its answer was of no use.
        together: the votes that one answer spoke of, for each answer; where no claim of an answer holds, its votes are
            left to the rules.
    """
    found: dict[str, list[Reason]] = {}
    rejected = unsupported = 0
    for source in explanations:
        reasons: dict[str, Reason] = {}
        for claim in claims.get(source.vote_id, ()):
            quote = restore_quote(claim.quote, source.text)
            spoken = script_language(claim.reason, source.language)
            text = without_names(" ".join(claim.reason.split()), spoken)
            if quote is None:
                rejected += 1
            elif not bears(quote, text):
                unsupported += 1
            elif text.casefold() not in reasons:
                number = len(reasons) + 1
                reasons[text.casefold()] = Reason(
                    f"{source.vote_id}#{number}", source.vote_id, text, quote, spoken, source.winner
                )
        found[source.vote_id] = list(reasons.values())
    kept = {
        vote_id: found[vote_id]
        for of_answer in together
        if any(found[vote_id] for vote_id in of_answer)
        for vote_id in of_answer
    }
    return _Checked(kept, rejected, unsupported)


def _extract(
    explanations: Sequence[Explanation],
    worker: Worker,
    folder: Path,
    language: str,
    progress: Progress | None,
) -> dict[str, list[Claimed]]:
    """Ask about each explanation alone."""
    template = _with_schema("extract_reasons", language, _EXTRACTED)

    def source(limit_tokens: int) -> Iterator[FittedPrompt]:
        for batch in _batches(explanations, 64):
            prompts = [
                template.render({"explanation": one.text, "most": MOST_REASONS}, subject_id=one.vote_id)
                for one in batch
            ]
            counts = worker.count_tokens(prompts)
            for prompt, tokens in zip(prompts, counts, strict=True):
                fits = Fit.WHOLE if tokens <= limit_tokens else Fit.OVERFLOW
                yield FittedPrompt(prompt, fits, tokens, tokens, limit_tokens)

    step = Step("extract reasons", template, _EXTRACT, _fingerprint(explanations))
    answers = _ask(worker, folder, step, source, progress)
    claims: dict[str, list[Claimed]] = {}
    for explanation, answer in zip(explanations, answers, strict=True):
        claimed = read_extracted(answer) if answer else None
        if claimed is not None:
            claims[explanation.vote_id] = claimed
    return claims


def _collect(
    explanations: Sequence[Explanation],
    worker: Worker,
    folder: Path,
    language: str,
    wanted: int,
    progress: Progress | None,
) -> tuple[dict[str, list[Claimed]], list[list[str]]]:
    """Ask about as many explanations at a time as fit. Returns the claims, and the votes that each answer speaks of."""
    template = _with_schema("collect_reasons", language, _collected(wanted))
    tokens = min(wanted * _TOKENS_OF_REASON, worker.engine.context_tokens // 3)
    sampling = Sampling(max_tokens=max(64, tokens))

    def pieces(limit_tokens: int) -> Iterator[Piece]:
        return pack([one.text for one in explanations], template, worker, limit_tokens, wanted)

    def source(limit_tokens: int) -> Iterator[FittedPrompt]:
        return (piece.prompt for piece in pieces(limit_tokens))

    limit = worker.limit_tokens(folder, sampling)
    places = [piece.places for piece in pieces(limit)]
    step = Step("collect reasons", template, sampling, _fingerprint(explanations))
    answers = _ask(worker, folder, step, source, progress)
    claims: dict[str, list[Claimed]] = {}
    together = [[explanations[place].vote_id for place in of_piece] for of_piece in places]
    for vote_ids, answer in zip(together, answers, strict=True):
        for number, claim in (read_collected(answer) if answer else None) or ():
            if 1 <= number <= len(vote_ids):
                claims.setdefault(vote_ids[number - 1], []).append(claim)
    return claims, together


def _ask(
    worker: Worker,
    folder: Path,
    step: Step,
    source: Callable[[int], Iterator[FittedPrompt]],
    progress: Progress | None,
) -> list[str | None]:
    """Ask, and return the text of each answer that satisfies the schema."""
    run = worker.ask(folder, step, source, progress=progress)
    try:
        return [_text(row.answer) for row in run.rows()]
    finally:
        run.close()


def _text(answer: Answer | None) -> str | None:
    return answer.text if answer is not None and answer.status is Status.ANSWERED else None


def _with_schema(name: str, language: str, schema: dict[str, Any]) -> Template:
    return replace(load_template(name, language), schema=json.dumps(schema))


def _fingerprint(explanations: Iterable[Explanation]) -> str:
    digest = hashlib.sha256()
    for one in explanations:
        digest.update(json.dumps([one.vote_id, one.text]).encode())
    return digest.hexdigest()


def _batches(explanations: Sequence[Explanation], size: int) -> Iterator[Sequence[Explanation]]:
    for start in range(0, len(explanations), size):
        yield explanations[start : start + size]


def _record(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _text_field(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 2, "maxLength": longest}


_EXTRACTED = _record(
    reasons={
        "type": "array",
        "maxItems": MOST_REASONS,
        "items": _record(quote=_text_field(240), reason=_text_field(120)),
    }
)


def _collected(wanted: int) -> dict[str, Any]:
    evidence = _record(explanation={"type": "integer", "minimum": 1}, quote=_text_field(200))
    reason = _record(
        reason=_text_field(120), evidence={"type": "array", "minItems": 1, "maxItems": 5, "items": evidence}
    )
    return _record(reasons={"type": "array", "maxItems": wanted, "items": reason})
