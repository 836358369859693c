"""Log probabilities of choices go in; the answer that holds their probabilities comes out."""

import math
from collections.abc import Mapping, Sequence

from naze.errors import ChoiceError
from naze.records import Answer, FinishReason, Status

__all__ = ["check_first_tokens", "distribution", "match_tokens"]


def distribution(
    log_probabilities: Mapping[str, float], prompt_tokens: int, seconds: float, *, cached_tokens: int = 0
) -> Answer:
    """Turn the log probability of each choice's first token into an answer.

    Args:
        log_probabilities: choice -> natural logarithm of its share of the model's whole first-token
            distribution; minus infinity where the model gives it none.
        prompt_tokens: tokens of the prompt, chat template included.
        seconds: from the moment the engine took the prompt.
        cached_tokens: prompt tokens that came from a prefix cache.

    Returns:
        The probability of each choice (0 to 1, summing to 1), the likeliest as the text, and the share of the
        whole distribution that the choices hold. INVALID where none of them has any.
    """
    highest = max(log_probabilities.values(), default=-math.inf)
    if not math.isfinite(highest):
        return Answer(
            Status.INVALID,
            reason=f"the model gives none of the choices {list(log_probabilities)} any probability",
            finish_reason=FinishReason.CHOICE,
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
            seconds=seconds,
        )
    weights = {choice: math.exp(value - highest) for choice, value in log_probabilities.items()}
    total = sum(weights.values())
    probabilities = {choice: weight / total for choice, weight in weights.items()}
    return Answer(
        Status.ANSWERED,
        text=max(probabilities, key=lambda choice: probabilities[choice]),
        probabilities=probabilities,
        choice_mass=min(1.0, math.exp(highest) * total),
        finish_reason=FinishReason.CHOICE,
        prompt_tokens=prompt_tokens,
        cached_tokens=cached_tokens,
        seconds=seconds,
    )


def check_first_tokens(choices: Sequence[str], first_tokens: Sequence[int | str]) -> None:
    """Make sure that choices can be told apart by the first token that a model would write.

    Args:
        choices: as the prompt offers them.
        first_tokens: the first token of each, by number or as text.

    Raises:
        ChoiceError: two choices begin with the same token.
    """
    seen: dict[int | str, str] = {}
    for choice, token in zip(choices, first_tokens, strict=True):
        if token in seen:
            raise ChoiceError(
                f"choices {seen[token]!r} and {choice!r} both begin with token {token!r} of this model; "
                "expected choices that differ from their first token on. Name them by letters, e.g. A, B, C."
            )
        seen[token] = choice


def match_tokens(choices: Sequence[str], tokens: Mapping[str, float]) -> dict[str, float]:
    """Find each choice's log probability among a server's likeliest first tokens, which come as texts.

    The longest token that a choice begins with is its first token; only where there is none, one with a space
    before it counts too.

    Args:
        choices: as the prompt offers them.
        tokens: token text -> natural logarithm of its probability.

    Returns:
        Choice -> log probability; minus infinity where none of the tokens begins it.

    Raises:
        ChoiceError: two choices begin with the same token.
    """
    firsts: dict[str, str] = {}
    for choice in choices:
        exact = [token for token in tokens if token and choice.startswith(token)]
        spaced = [token for token in tokens if token.strip() and choice.startswith(token.lstrip())]
        if found := exact or spaced:
            firsts[choice] = max(found, key=len)
    check_first_tokens(tuple(firsts), tuple(firsts.values()))
    return {choice: tokens[firsts[choice]] if choice in firsts else -math.inf for choice in choices}
