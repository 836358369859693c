"""What flows through naze: a Vote becomes Prompts, each Prompt ends as one Answer.

Plain frozen records without behaviour beyond their own arithmetic. Files, HTTP and configuration are
checked at the borders; inside, these are trusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

Turns = tuple[str | None, ...]
"""The turns of one side of a conversation, in order. A null turn stays None, never the text "null"."""

NO_EXTRA: Mapping[str, Any] = MappingProxyType({})


class Winner(StrEnum):
    """What a person decided about two responses."""

    A = "a"
    B = "b"
    TIE = "tie"
    BOTH_BAD = "both_bad"


@dataclass(frozen=True, slots=True)
class Vote:
    """One comparison of two responses to one prompt, and what a person decided."""

    id: str
    prompt: Turns
    """The person's turns."""
    response_a: Turns
    """Answers of the first model, one for each turn of the prompt."""
    response_b: Turns
    """Answers of the second model, one for each turn of the prompt."""
    winner: Winner | None = None
    """None: not voted yet."""
    model_a: str | None = None
    model_b: str | None = None
    language: str | None = None
    """ISO 639-1 code of the prompt, as the source gives it or as detected; None when unsure."""
    source: str | None = None
    """Short name of the data set."""
    extra: Mapping[str, Any] = field(default_factory=lambda: NO_EXTRA)
    """Every other column, kept as it came."""


class Role(StrEnum):
    """Who speaks in a conversation."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation that went before."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked of a model: the same instruction for a whole run, a subject, a question about it.

    The order of the parts is a promise: everything up to the question is computed once for a subject.
    """

    subject_id: str
    """Id of the row that is asked about, e.g. a vote's id."""
    question_id: str
    """Which of the run's questions this is; "" where there is one only."""
    instruction: str
    """The same for the whole run; may be empty."""
    subject: str
    """The row that is asked about; may be empty."""
    question: str
    """What is asked of the row."""
    choices: tuple[str, ...] = ()
    """When given, no text is generated: the answer is the probability of each choice."""
    schema: str | None = None
    """JSON Schema, as JSON text, that the answer must satisfy."""
    earlier: tuple[Turn, ...] = ()
    """What was said before, between the instruction and the person's last turn (subject and question). Where these
    two are empty, the conversation ends with what was said before."""
    plain: bool = False
    """The text goes to the model as it stands, without a chat template: the model continues it."""
    sampling: "Sampling | None" = None
    """How the model chooses its words for this prompt; None: as the run says. Of `deterministic` the run's counts."""


class Fit(StrEnum):
    """What was done so that a prompt fits the context. Counted in the store, never silent."""

    WHOLE = "whole"
    SHORTENED = "shortened"
    """The middle of the responses was left out, and marked as left out in the text."""
    ROUTED = "routed"
    """Goes whole to the engine with the longer context."""
    OVERFLOW = "overflow"
    """Does not fit; not asked, recorded as failed with its token counts."""


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """A prompt that is ready to be asked, and what was done to make it fit."""

    prompt: Prompt
    """The text that is asked (shortened, where fit says so)."""
    fit: Fit = Fit.WHOLE
    tokens: int | None = None
    """Tokens of `prompt`; None when its bytes already prove that it fits, so that nobody counted."""
    whole_tokens: int | None = None
    """Tokens before anything was left out; None when nobody counted."""
    limit_tokens: int | None = None
    """The most that a prompt could have; None when nobody counted."""
    problem: str | None = None
    """Why this cannot be asked at all, e.g. a row without a text: recorded as INVALID with this reason."""
    about: Any = None
    """What the prompt was made of, e.g. the whole vote, for who checks its answer."""


class Status(StrEnum):
    """How a prompt ended. Every planned prompt ends as exactly one of these."""

    ANSWERED = "answered"
    INVALID = "invalid"
    """Text came, but it is not what was asked for (schema, empty)."""
    OVERFLOW = "overflow"
    """The prompt is longer than the context; it was not asked."""
    ERROR = "error"
    """The engine failed on it."""


class FinishReason(StrEnum):
    """Why an engine stopped writing."""

    STOP = "stop"
    """The model ended its answer, or a stop text was met."""
    LENGTH = "length"
    """The largest number of tokens was reached; the text is cut there."""
    CHOICE = "choice"
    """Probabilities of choices were read; nothing was written."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one prompt: an answer, or the reason why there is none. Never both, never neither."""

    status: Status
    text: str | None = None
    """The text written; for choices the likeliest choice. Kept for INVALID too, so that it can be looked at."""
    probabilities: Mapping[str, float] | None = None
    """For choices: the probability of each, 0 to 1, summing to 1 over the choices."""
    choice_mass: float | None = None
    """For choices: the share of the model's whole first-token distribution that the choices hold, 0 to 1."""
    reason: str | None = None
    """Why there is no answer; None exactly when status is ANSWERED."""
    finish_reason: FinishReason | None = None
    prompt_tokens: int = 0
    """Tokens of the prompt, chat template included."""
    cached_tokens: int = 0
    """Those of them that were taken from a prefix cache; 0 where the engine does not tell."""
    generated_tokens: int = 0
    seconds: float = 0.0
    """From the moment the engine took the prompt until the answer was whole."""
    attempts: int = 1
    marks: tuple[str, ...] = ()
    """Names of what is wrong with the text, where somebody looked (`naze.jobs.faults`)."""
    states: bytes | None = None
    """Where they were asked for: the model's hidden states at the prompt's last token, float16, little-endian, one depth
    after another (see `naze.engines.states`)."""

    def __post_init__(self) -> None:
        answered = self.status is Status.ANSWERED
        if answered and (self.reason is not None or self.text is None):
            raise ValueError(f"an answered Answer has a text and no reason; got reason={self.reason!r}")
        if not answered and not self.reason:
            raise ValueError(f"an Answer with status {self.status} needs a reason")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model chooses its words. Part of an answer's key: other sampling, other answer."""

    max_tokens: int = 512
    """The largest number of tokens that an answer may have."""
    temperature: float = 0.0
    """0: always the likeliest token."""
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = field(default=())
    """Texts that end an answer; they are not part of it."""
    deterministic: bool = False
    """Give up speed (one prompt at a time) so that the same machine gives the same text every time."""
    repetition_penalty: float = 1.0
    """Above 1, tokens that stand in the text already become less likely; small models need it not to loop.

    Source: Keskar et al. 2019, CTRL, section 4.1.
    """


class Outcome(StrEnum):
    """What a factor explains."""

    WIN = "win"
    """Why one response was preferred."""
    TIE = "tie"
    """Why neither was preferred."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that an explanation names, and where it says so."""

    id: str
    """The vote's id, `#`, and the number of the reason in its explanation, from 1."""
    vote_id: str
    text: str
    """The reason alone, in a sentence or less."""
    quote: str
    """Occurs in the explanation, character by character."""
    language: str | None = None
    """ISO 639-1 code of the text; None when unsure."""
    winner: Winner | None = None
    """The result that the explainer was told."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a factor comes from: a quote from the explanation of a vote."""

    vote_id: str
    reason_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Factor:
    """A named reason for an outcome that can be looked for in any pair of responses."""

    id: str
    """`f01`, `f02`, …: in the order of how many votes speak of it."""
    name: str
    definition: str
    """In a sentence or two, such that somebody who saw no explanation can tell which response shows it more."""
    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    """The most central first."""
    reason_count: int = 0
    """How many reasons were merged into it."""
    vote_count: int = 0
    """How many votes those reasons come from."""
    fault: bool = False
    """For wins: the explanations name it of the response that was not preferred."""
    marks: tuple[str, ...] = ()
    """Names of what is wrong with its name or definition, though the model was asked twice (`naze.jobs.faults`)."""


class Verdict(StrEnum):
    """Which of two responses shows a factor more."""

    A = "a"
    B = "b"
    ALIKE = "alike"
    """Both show it to the same degree."""
    NOT_APPLICABLE = "not_applicable"
    """It cannot be asked of this vote."""
