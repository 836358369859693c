"""Log probabilities of choices go in; an answer with the probability of each choice comes out."""

import math
from collections.abc import Mapping

from naze.records import Answer, FinishReason, Status


def distribution(log_probabilities: Mapping[str, float], prompt_tokens: int, seconds: float) -> Answer:
    """Turn the log probability of each choice's first token into an answer.

    Args:
        log_probabilities: choice -> natural logarithm of its probability in the model's whole distribution;
            minus infinity where the model gives it none.
        prompt_tokens: tokens of the prompt, chat template included.
        seconds: what the answer took.

    Returns:
        An answer whose probabilities sum to 1 over the choices and whose text is the likeliest choice
        (the first of them where several are equal), or an INVALID one where no choice has any probability.
    """
    masses = {choice: math.exp(value) for choice, value in log_probabilities.items()}
    whole = sum(masses.values())
    if not whole > 0:
        return Answer(
            Status.INVALID,
            reason="the model gives none of the choices "
            f"{', '.join(map(repr, masses))} any probability as its first token",
            prompt_tokens=prompt_tokens,
            seconds=seconds,
        )
    probabilities = {choice: mass / whole for choice, mass in masses.items()}
    return Answer(
        Status.ANSWERED,
        text=max(probabilities, key=lambda choice: probabilities[choice]),
        probabilities=probabilities,
        choice_mass=min(whole, 1.0),
        finish_reason=FinishReason.CHOICE,
        prompt_tokens=prompt_tokens,
        seconds=seconds,
    )
