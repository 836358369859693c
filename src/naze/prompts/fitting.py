"""Votes or rows go in, with a limit; prompts that fit the context come out, and what was done to each.

Nothing is cut in silence: a prompt goes whole, shortened and marked, whole to a model with a longer context,
or not at all, and says which. Most prompts are never counted, since their bytes prove that they fit: no
tokenizer makes more tokens of a text than the text has bytes.
"""

import unicodedata
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, Protocol

from naze.errors import ConfigurationError
from naze.prompts.template import Template
from naze.prompts.vote_prompts import VoteMaterial
from naze.records import Fit, FittedPrompt, Prompt, Vote

__all__ = ["POLICIES", "Counter", "Material", "Policy", "Ready", "Room", "fit", "fit_materials"]

Policy = Literal["shorten", "route", "fail"]
POLICIES: tuple[Policy, ...] = ("shorten", "route", "fail")
Counter = Callable[[Sequence[Prompt]], list[int]]
"""Counts prompts' tokens as the model will see them, e.g. `engine.count_tokens`."""

_SEAM_TOKENS = 16
"""Tokens that may differ where the parts meet."""
_GOOD_USE = 0.97
"""A shortened prompt that uses this share of the limit is not tried longer."""
_MOST_TRIES = 12


Room = tuple[int, ...]
"""How many characters of each kind of text may stay, e.g. (of the responses, of the person's turns)."""


class Material(Protocol):
    """What one subject's prompts are made of, and how it can be made shorter."""

    def prompts(self, room: Room | None) -> tuple[Prompt, ...]:
        """Make the prompts about this subject; None leaves everything in. All share instruction and subject."""
        ...

    def rooms(self) -> tuple[Room, ...]:
        """Name the steps of shortening: the first leaves everything in, beyond the last nothing can be left out."""
        ...


Ready = tuple[FittedPrompt, ...]
"""Prompts that need no fitting: nothing of them can be asked."""


def fit(
    votes: Iterable[Vote],
    template: Template,
    *,
    count: Counter,
    limit_tokens: int,
    policy: Policy = "shorten",
    batch: int = 64,
) -> Iterator[FittedPrompt]:
    """Make each vote's prompt fit, in the order of the votes, as a stream.

    Args:
        votes: read lazily, `batch` at a time.
        template: makes the prompts.
        count: counts tokens, chat template included.
        limit_tokens: the context less the tokens that the model may write.
        policy: what to do with a prompt that is too long: `shorten` the middle of its responses (of the
            person's turns last), `route` it whole to a model with a longer context, or `fail` it.
        batch: votes that are looked at, and counted, together.

    Raises:
        ConfigurationError: an unknown policy, or a limit below one token.
        TemplateError: the template fails on a vote.
    """
    materials = (VoteMaterial(vote, template) for vote in votes)
    return fit_materials(materials, count=count, limit_tokens=limit_tokens, policy=policy, batch=batch)


def fit_materials(
    materials: Iterable[Material | Ready],
    *,
    count: Counter,
    limit_tokens: int,
    policy: Policy = "shorten",
    batch: int = 64,
) -> Iterator[FittedPrompt]:
    """Make the prompts of each subject fit, in order, as a stream; those of one subject are shortened alike.

    Args:
        materials: read lazily, `batch` at a time; prompts that are ready already pass as they are.
        count: counts tokens, chat template included.
        limit_tokens: the context less the tokens that the model may write.
        policy: what to do with a subject whose longest prompt is too long.
        batch: subjects that are looked at, and counted, together.

    Raises:
        ConfigurationError: an unknown policy, or a limit below one token.
    """
    if policy not in POLICIES:
        raise ConfigurationError(f"policy is {policy!r}; expected {', '.join(POLICIES)}.")
    if limit_tokens < 1:
        raise ConfigurationError(
            f"no token is left for the prompt (limit {limit_tokens}): the answer may take the whole context. "
            "Lower the tokens to generate, or give the model a longer context."
        )
    return _fit(iter(materials), _Fitting(count, limit_tokens, policy), batch)


def _fit(materials: Iterator[Material | Ready], fitting: "_Fitting", batch: int) -> Iterator[FittedPrompt]:
    while group := list(islice(materials, batch)):
        for ready in fitting.fit_group(group):
            yield from ready


_Search = Generator[tuple[Prompt, ...], list[int], Ready]
"""Yields prompts to be counted, is sent their tokens, and returns what came of the subject."""


@dataclass(slots=True)
class _Fitting:
    """What stays the same for all subjects of one call."""

    count: Counter
    limit_tokens: int
    policy: Policy
    frame_tokens: int | None = None
    """Tokens of the chat template and the instruction; counted once."""

    def fit_group(self, group: Sequence[Material | Ready]) -> list[Ready]:
        """Fit some subjects; all their searches go on side by side, so that each round is counted at once."""
        found: list[Ready] = []
        asked: dict[int, tuple[Prompt, ...]] = {}
        searches: dict[int, _Search] = {}
        for place, material in enumerate(group):
            if isinstance(material, tuple):
                found.append(material)
                continue
            prompts = material.prompts(None)
            found.append(tuple([FittedPrompt(prompt) for prompt in prompts]))
            if not self._surely_fit(prompts):
                searches[place] = self._search(material, prompts)
                asked[place] = next(searches[place])
        while asked:
            tokens = iter(self.count([prompt for prompts in asked.values() for prompt in prompts]))
            counted, asked = asked, {}
            for place, prompts in counted.items():
                try:
                    asked[place] = searches[place].send(list(islice(tokens, len(prompts))))
                except StopIteration as end:
                    found[place] = end.value
        return found

    def _surely_fit(self, prompts: tuple[Prompt, ...]) -> bool:
        """Tell whether bytes alone prove that prompts about one subject fit."""
        first = prompts[0]
        own_bytes = most_bytes(first.subject) + max(most_bytes(prompt.question) for prompt in prompts)
        if own_bytes > self.limit_tokens:
            return False
        if self.frame_tokens is None:
            [self.frame_tokens] = self.count([replace(first, subject="", question=".")])
        return self.frame_tokens + own_bytes + _SEAM_TOKENS <= self.limit_tokens

    def _search(self, material: Material, whole: tuple[Prompt, ...]) -> _Search:
        tokens = yield whole
        if max(tokens) <= self.limit_tokens:
            return self._fitted(whole, Fit.WHOLE, tokens, tokens)
        if self.policy == "shorten":
            best = yield from self._shorten(material, _Try(material.rooms()[0], whole, tokens))
            if best is not None:
                return self._fitted(best.prompts, Fit.SHORTENED, best.tokens, tokens)
        done = Fit.ROUTED if self.policy == "route" else Fit.OVERFLOW
        return self._fitted(whole, done, tokens, tokens)

    def _fitted(
        self, prompts: tuple[Prompt, ...], done: Fit, tokens: list[int], whole_tokens: list[int]
    ) -> Ready:
        return tuple(
            FittedPrompt(prompt, done, now, whole, self.limit_tokens)
            for prompt, now, whole in zip(prompts, tokens, whole_tokens, strict=True)
        )

    def _shorten(
        self, material: Material, too_long: "_Try"
    ) -> Generator[tuple[Prompt, ...], list[int], "_Try | None"]:
        """Go down the rooms to the first whose prompts fit, and widen that as far as they still do."""
        for room in material.rooms()[1:]:
            tried = yield from self._try(material, room)
            if tried.most_tokens <= self.limit_tokens:
                return (yield from self._widen(material, tried, too_long))
            too_long = tried
        return None

    def _widen(
        self, material: Material, fits: "_Try", too_long: "_Try"
    ) -> Generator[tuple[Prompt, ...], list[int], "_Try"]:
        """Search between a room whose prompts fit and one whose prompts do not; keep the fullest that fits."""
        for _ in range(_MOST_TRIES):
            if fits.most_tokens >= self.limit_tokens * _GOOD_USE:
                break
            room = _between(fits, too_long, self.limit_tokens)
            if room in (fits.room, too_long.room):
                break
            tried = yield from self._try(material, room)
            if tried.most_tokens <= self.limit_tokens:
                fits = tried
            else:
                too_long = tried
        return fits

    def _try(self, material: Material, room: Room) -> Generator[tuple[Prompt, ...], list[int], "_Try"]:
        prompts = material.prompts(room)
        tokens = yield prompts
        return _Try(room, prompts, tokens)


@dataclass(frozen=True, slots=True)
class _Try:
    """A room, the prompts that it gave and their tokens."""

    room: Room
    prompts: tuple[Prompt, ...]
    tokens: list[int]

    @property
    def most_tokens(self) -> int:
        """Tokens of the longest of the prompts."""
        return max(self.tokens)


def most_bytes(text: str) -> int:
    """Return the most bytes that a tokenizer may see of a text, whichever way it normalizes it."""
    if text.isascii():
        return len(text)
    forms = (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFKC", text))
    return max(len(form.encode("utf-8", "surrogatepass")) for form in forms)


def _between(fits: _Try, too_long: _Try, limit_tokens: int) -> Room:
    """Guess the room that just fills the limit: by proportion, but never at the very edge of what is open."""
    share = (limit_tokens * 0.99 - fits.most_tokens) / max(1, too_long.most_tokens - fits.most_tokens)
    share = min(0.9, max(0.1, share))
    pairs = zip(fits.room, too_long.room, strict=True)
    return tuple(low + round((high - low) * share) for low, high in pairs)
