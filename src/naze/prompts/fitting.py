"""Votes go in, with a template and a limit; prompts that fit the context come out, and what was done to each.

Nothing is cut in silence: a prompt goes whole, shortened and marked, whole to a model with a longer context,
or not at all, and says which. Most prompts are never counted, since their bytes prove that they fit: no
tokenizer makes more tokens of a text than the text has bytes.
"""

import unicodedata
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from naze.errors import ConfigurationError
from naze.prompts.shortening import Room, longest_room, shorten_vote, smallest_room
from naze.prompts.template import Template
from naze.prompts.vote_prompts import vote_prompt
from naze.records import Fit, FittedPrompt, Prompt, Vote

__all__ = ["POLICIES", "Counter", "Policy", "fit"]

Policy = Literal["shorten", "route", "fail"]
POLICIES: tuple[Policy, ...] = ("shorten", "route", "fail")
Counter = Callable[[Sequence[Prompt]], list[int]]
"""Counts prompts' tokens as the model will see them, e.g. `engine.count_tokens`."""

_SEAM_TOKENS = 16
"""Tokens that may differ where the parts meet."""
_GOOD_USE = 0.97
"""A shortened prompt that uses this share of the limit is not tried longer."""
_MOST_TRIES = 12


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
    if policy not in POLICIES:
        raise ConfigurationError(f"policy is {policy!r}; expected {', '.join(POLICIES)}.")
    if limit_tokens < 1:
        raise ConfigurationError(
            f"no token is left for the prompt (limit {limit_tokens}): the answer may take the whole context. "
            "Lower the tokens to generate, or give the model a longer context."
        )
    return _fit(iter(votes), _Fitting(template, count, limit_tokens, policy), batch)


def _fit(votes: Iterator[Vote], fitting: "_Fitting", batch: int) -> Iterator[FittedPrompt]:
    while group := list(islice(votes, batch)):
        yield from fitting.fit_group(group)


_Search = Generator[Prompt, int, FittedPrompt]
"""Yields a prompt to be counted, is sent its tokens, and returns what came of the vote."""


@dataclass(slots=True)
class _Fitting:
    """What stays the same for all votes of one call."""

    template: Template
    count: Counter
    limit_tokens: int
    policy: Policy
    frame_tokens: int | None = None
    """Tokens of the chat template and the instruction; counted once."""

    def fit_group(self, votes: Sequence[Vote]) -> list[FittedPrompt]:
        """Fit some votes; all their searches go on side by side, so that each round is counted at once."""
        prompts = [vote_prompt(self.template, vote) for vote in votes]
        found: list[FittedPrompt | None] = [
            FittedPrompt(prompt) if self._surely_fits(prompt) else None for prompt in prompts
        ]
        searches = {
            place: self._search(votes[place], prompts[place])
            for place, done in enumerate(found)
            if done is None
        }
        asked = {place: next(search) for place, search in searches.items()}
        while asked:
            tokens = self.count(list(asked.values()))
            places, asked = list(asked), {}
            for place, number in zip(places, tokens, strict=True):
                try:
                    asked[place] = searches[place].send(number)
                except StopIteration as end:
                    found[place] = end.value
        return [done for done in found if done is not None]

    def _surely_fits(self, prompt: Prompt) -> bool:
        """Tell whether bytes alone prove that a prompt fits."""
        own_bytes = most_bytes(prompt.subject) + most_bytes(prompt.question)
        if own_bytes > self.limit_tokens:
            return False
        if self.frame_tokens is None:
            [self.frame_tokens] = self.count([replace(prompt, subject="", question=".")])
        return self.frame_tokens + own_bytes + _SEAM_TOKENS <= self.limit_tokens

    def _search(self, vote: Vote, whole: Prompt) -> _Search:
        tokens = yield whole
        if tokens <= self.limit_tokens:
            return FittedPrompt(whole, Fit.WHOLE, tokens, tokens, self.limit_tokens)
        if self.policy == "shorten":
            best = yield from self._shorten(vote, tokens)
            if best is not None:
                return FittedPrompt(*best.as_shortened, tokens, self.limit_tokens)
        done = Fit.ROUTED if self.policy == "route" else Fit.OVERFLOW
        return FittedPrompt(whole, done, tokens, tokens, self.limit_tokens)

    def _shorten(self, vote: Vote, whole_tokens: int) -> Generator[Prompt, int, "_Try | None"]:
        """Shorten the responses as little as is needed; where that is not enough, the prompt as well."""
        widest, least = longest_room(vote), smallest_room(vote)
        spare_responses = yield from self._try(vote, Room(least.responses, widest.prompt))
        if spare_responses.tokens <= self.limit_tokens:
            return (yield from self._widen(vote, spare_responses, _Try(widest, None, whole_tokens)))
        spare_all = yield from self._try(vote, least)
        if spare_all.tokens > self.limit_tokens:
            return None
        return (yield from self._widen(vote, spare_all, spare_responses))

    def _widen(self, vote: Vote, fits: "_Try", too_long: "_Try") -> Generator[Prompt, int, "_Try"]:
        """Search between a room whose prompt fits and one whose prompt does not; keep the fullest that fits."""
        for _ in range(_MOST_TRIES):
            if fits.tokens >= self.limit_tokens * _GOOD_USE:
                break
            room = _between(fits, too_long, self.limit_tokens)
            if room in (fits.room, too_long.room):
                break
            tried = yield from self._try(vote, room)
            if tried.tokens <= self.limit_tokens:
                fits = tried
            else:
                too_long = tried
        return fits

    def _try(self, vote: Vote, room: Room) -> Generator[Prompt, int, "_Try"]:
        prompt = vote_prompt(self.template, shorten_vote(vote, room, self.template.language))
        tokens = yield prompt
        return _Try(room, prompt, tokens)


@dataclass(frozen=True, slots=True)
class _Try:
    """A room, the prompt that it gave (None: the whole one) and its tokens."""

    room: Room
    prompt: Prompt | None
    tokens: int

    @property
    def as_shortened(self) -> tuple[Prompt, Fit, int]:
        """The first three fields of a `FittedPrompt`."""
        if self.prompt is None:
            raise ValueError("the whole prompt is no shortened one")
        return self.prompt, Fit.SHORTENED, self.tokens


def most_bytes(text: str) -> int:
    """Return the most bytes that a tokenizer may see of a text, whichever way it normalizes it."""
    if text.isascii():
        return len(text)
    forms = (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFKC", text))
    return max(len(form.encode("utf-8", "surrogatepass")) for form in forms)


def _between(fits: _Try, too_long: _Try, limit_tokens: int) -> Room:
    """Guess the room that just fills the limit: by proportion, but never at the very edge of what is open."""
    share = (limit_tokens * 0.99 - fits.tokens) / max(1, too_long.tokens - fits.tokens)
    share = min(0.9, max(0.1, share))
    low, high = fits.room, too_long.room
    return Room(
        low.responses + round((high.responses - low.responses) * share),
        low.prompt + round((high.prompt - low.prompt) * share),
    )
