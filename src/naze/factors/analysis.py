"""Cases of a factor go in; what they show comes out, in a model's words, each claim with the cases it rests on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from naze.factors.cases import Case, Role
from naze.generations import Progress, Run
from naze.jobs.asking import Step, Worker
from naze.jobs.checking import TextCheck
from naze.prompts import Template, load_template
from naze.records import Answer, Factor, Fit, FittedPrompt, Prompt, Sampling, Status, Turns

__all__ = ["Analysis", "Claim", "analyse", "read_analysis"]

TASK = "analyse factor"
_SAMPLING = Sampling(max_tokens=480, repetition_penalty=1.05)
_LONGEST = (400, 240, 140, 80)
"""Characters of a prompt or response that the model sees, tried in turn until all cases fit."""
_MOST_CASES = 4
"""Of each role."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that the cases show."""

    text: str
    case_ids: tuple[str, ...]
    """At least one; each is the id of a case that the model was given."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a model says that the cases of a factor show."""

    claims: tuple[Claim, ...]
    shown: tuple[tuple[str, str], ...]
    """The cases that the model was given: (id, vote's id)."""
    rejected: int
    """Claims without the id of a case that exists; dropped."""
    model: str
    problem: str | None = None
    """Why there is no claim, where there is none."""
    marks: tuple[str, ...] = ()
    """Names of what is wrong with its words, though the model was asked twice (`naze.jobs.faults`)."""


def analyse(
    factor: Factor,
    cases: Sequence[Case],
    worker: Worker,
    folder: Path,
    *,
    language: str,
    progress: Progress | None = None,
) -> Analysis:
    """Have a model say when a factor decides and when it does not. Durable: asked once for the same cases.

    Args:
        factor: what it is about.
        cases: of `cases_of`; the sources stand in where no held-out vote speaks for the factor.
        worker: the model.
        folder: of the run that keeps the answer.
        language: ISO 639-1 code of the claims.
        progress: is told of the answer.
    """
    chosen = _chosen(cases)
    if not chosen:
        return Analysis((), (), 0, worker.model, "no vote speaks for or against this factor")
    template = replace(
        load_template("analyse_factor", language), schema=json.dumps(_schema([case.id for case in chosen]))
    )
    told = [[case.id, case.role.value, case.vote.id] for case in chosen]
    made_from = hashlib.sha256(json.dumps([factor.name, factor.definition, told]).encode()).hexdigest()

    def source(limit_tokens: int) -> Iterator[FittedPrompt]:
        yield _fitting_prompt(factor, chosen, template, worker, limit_tokens)

    notes = (json.dumps({"shown": [[case.id, case.vote.id] for case in chosen]}),)
    check = TextCheck(template, _SAMPLING, frozenset(("text",)), own=True)
    step = Step(TASK, template, _SAMPLING, made_from, notes, check=check)
    run = worker.ask(folder, step, source, progress=progress)
    try:
        return read_analysis(run)
    finally:
        run.close()


def read_analysis(run: Run) -> Analysis:
    """Read what `analyse` kept."""
    told = json.loads(run.manifest.notes[-1])
    shown = tuple((case_id, vote_id) for case_id, vote_id in told["shown"])
    answer = next((row.answer for row in run.rows()), None)
    claims, rejected, problem = _claims(answer, {case_id for case_id, _ in shown})
    marks = () if answer is None else answer.marks
    return Analysis(tuple(claims), shown, rejected, run.manifest.model, problem, marks)


def _chosen(cases: Sequence[Case]) -> list[Case]:
    """Take the clearest cases of both sides."""
    by_role = {role: [case for case in cases if case.role is role][:_MOST_CASES] for role in Role}
    return (by_role[Role.FOR] or by_role[Role.SOURCE]) + by_role[Role.AGAINST]


def _claims(answer: Answer | None, known: set[str]) -> tuple[list[Claim], int, str | None]:
    """Read the claims that cite a case; a server may ignore the schema, and what is of use is taken all the same."""
    if answer is None or answer.status not in (Status.ANSWERED, Status.INVALID):
        reason = "it was not asked" if answer is None else answer.reason or answer.status.value
        return [], 0, f"the model gave no valid answer: {reason}"
    try:
        entries = json.loads(answer.text or "")["claims"]
        found = [(str(entry["text"]).strip(), [str(one) for one in entry["cases"]]) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        return [], 0, f"the model's answer is not of the form that was asked for ({error})"
    claims = []
    for text, cited in found:
        ids = tuple(dict.fromkeys(one for one in cited if one in known))
        if text and ids:
            claims.append(Claim(text, ids))
    rejected = len(found) - len(claims)
    return claims, rejected, None if claims else "no claim of the model cites a case that exists"


def _fitting_prompt(
    factor: Factor, cases: Sequence[Case], template: Template, worker: Worker, limit: int
) -> FittedPrompt:
    for longest in _LONGEST:
        prompt = _prompt(factor, cases, template, longest)
        [tokens] = worker.count_tokens([prompt])
        if tokens <= limit:
            break
    fits = Fit.WHOLE if tokens <= limit else Fit.OVERFLOW
    return FittedPrompt(prompt, fits, tokens, tokens, limit)


def _prompt(factor: Factor, cases: Sequence[Case], template: Template, longest: int) -> Prompt:
    told = [
        {
            "id": case.id,
            "role": case.role.value,
            "chosen": "none" if case.vote.winner is None else case.vote.winner.value,
            **{
                name: _short(getattr(case.vote, name), longest)
                for name in ("prompt", "response_a", "response_b")
            },
        }
        for case in cases
    ]
    values = {"outcome": factor.outcome.value, "name": factor.name, "definition": factor.definition}
    return template.render({**values, "cases": told}, subject_id=factor.id)


def _short(turns: Turns, longest: int) -> str:
    text = "\n".join(turn or "" for turn in turns).strip()
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _schema(case_ids: Sequence[str]) -> dict[str, object]:
    cited = {
        "type": "array",
        "items": {"type": "string", "enum": list(case_ids)},
        "minItems": 1,
        "maxItems": min(4, len(case_ids)),
    }
    claim = {
        "type": "object",
        "properties": {"text": {"type": "string", "minLength": 10, "maxLength": 320}, "cases": cited},
        "required": ["text", "cases"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"claims": {"type": "array", "items": claim, "minItems": 1, "maxItems": 4}},
        "required": ["claims"],
        "additionalProperties": False,
    }
