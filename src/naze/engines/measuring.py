"""A model's name goes in; every engine that can run it here reads and writes for some seconds, and its speed comes out.

As many prompts as a run has are under way while tokens are written, since engines differ in what they gain by that. What
is asked grows and shrinks with the machine: a few seconds for a small model, at most about half a minute for all engines
together, loading them aside.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from naze.configuration import Configuration, read_configuration
from naze.engines.machine import llama_program, openvino_runs_here
from naze.engines.protocol import Engine, EngineOptions
from naze.engines.resolution import Resolution
from naze.engines.resolve import candidates, open_resolved
from naze.engines.speeds import Speed, known_speed, remember_speed
from naze.errors import EngineUnavailableError, NazeError
from naze.records import Answer, Prompt, Sampling

__all__ = ["MEASURE_SECONDS", "Measured", "measure_engine", "measure_model"]

MEASURE_SECONDS = 30.0
"""For all engines together, without loading them."""
SIDE_BY_SIDE = 8
"""Prompts under way while the speed of writing is measured: what llama.cpp runs on a CPU at most."""
_OPTIONS = EngineOptions(context_tokens=1024)
_SHARE_FOR_READING = 0.4
_WORDS = (40, 260)
"""Of the text that is read, least and most: about 340 tokens."""
_TOKENS = (4, 32)
"""That each of the prompts side by side has written, least and most."""
_TOKENS_IN_A_WORD = 1.3
_PASSAGE = (
    "People who compare two answers to the same question seldom say at once why they like the one better. They read "
    "the first, notice what it leaves out, and look whether the second has it. A recipe without quantities is of "
    "little use, however kindly it is written; a program that runs beats a longer one with a mistake in its third "
    "line. Where both say the same thing, the shorter one often wins, unless somebody wanted to learn how it works, "
    "and then the longer one does. Some readers want a list with numbers, others a plain paragraph. Dates, names and "
    "sums are checked by those who know them already, and taken on trust by all others. An answer in the wrong "
    "language loses, and so does one that refuses what anybody may ask. When a question has no right answer, tone "
    "decides: whether it listens, whether it lectures, whether the last sentence asks something back. Old votes show "
    "this well. In one, the visitor asked for a poem about the sea and got two; the winner had no rhymes at all, but "
    "it had salt, rope and a harbour at night. In another, two answers explained why the sky is blue, and the one "
    "with a drawing made of letters lost, because its lines were broken on a small screen. A tie means that both are "
    "good, or that neither is, and the reason for it is harder to find than the reason for a victory, since nothing "
    "stands out. "
).split()


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of measuring one engine."""

    resolution: Resolution
    speed: Speed | None
    problem: str = ""
    """Why there is no speed; "" where there is one."""


Tell = Callable[[str], None]


def measure_model(
    name: str,
    *,
    again: bool = False,
    configuration: Configuration | None = None,
    tell: Tell | None = None,
) -> tuple[Measured, ...]:
    """Measure every engine that can run a model which is on this machine; `resolve` chooses by it from then on.

    Args:
        name: as people name models.
        again: measure what was measured before as well.
        configuration: None: read from files and environment.
        tell: is told what is measured, before it is.

    Returns:
        One for each engine and form; an engine that fails has a problem instead of a speed. Empty for a server's model.

    Raises:
        UnknownModelError: nothing goes by this name; the nearest names are suggested.
    """
    configuration = configuration or read_configuration()
    able = [choice for choice in candidates(name, configuration) if _can_run(choice, configuration)]
    measured = []
    for candidate in able:
        speed = None if again else known_speed(candidate)
        if speed is not None:
            measured.append(Measured(candidate, speed))
            continue
        if tell is not None:
            tell(candidate.engine)
        measured.append(_measure(candidate, MEASURE_SECONDS / len(able), configuration))
    return tuple(measured)


def measure_engine(engine: Engine, seconds: float) -> Speed:
    """Measure an open engine.

    Args:
        engine: with nothing else to do.
        seconds: about how long it may take at the most.

    Raises:
        EngineUnavailableError: it does not answer, or says that it has read nothing.
    """
    begun = time.perf_counter()
    _timed(engine, [_text(0, _WORDS[0])], 1)  # the first answer of an engine takes longer than any other
    tokens, took, _ = _timed(engine, [_text(90, _WORDS[0])], 1)
    _, single, written = _timed(engine, [_counting(500)], _TOKENS[0])
    token_seconds = single / max(1, written)
    words = int(tokens / took * seconds * _SHARE_FOR_READING / _TOKENS_IN_A_WORD)
    tokens, took, _ = _timed(engine, [_text(150, _within(words, _WORDS))], 1)
    read = tokens / took
    left = seconds - (time.perf_counter() - begun)
    each = _within(int(left / (token_seconds * SIDE_BY_SIDE)), _TOKENS)
    tokens, took, written = _timed(
        engine, [_counting(1000 * place) for place in range(1, 1 + SIDE_BY_SIDE)], each
    )
    writing = max(
        took - tokens / read, took / 4
    )  # without reading these prompts; at least a part of it was writing
    return Speed(read=round(read, 2), written=round(max(1, written) / writing, 2))


def _can_run(candidate: Resolution, configuration: Configuration) -> bool:
    """Tell whether an engine is worth trying: whether it is installed and knows the model's network."""
    path = candidate.model.path
    if path is None:
        return False
    if candidate.engine == "llamacpp":
        return llama_program(configuration.llama_server) is not None or find_spec("xllamacpp") is not None
    if not openvino_runs_here():
        return False
    from naze.engines.openvino_prepare import can_load  # loads OpenVINO, which takes a while

    return can_load(path)[0]


def _measure(candidate: Resolution, seconds: float, configuration: Configuration) -> Measured:
    try:
        engine = open_resolved(candidate, _OPTIONS, configuration)
        try:
            speed = measure_engine(engine, seconds)
        finally:
            engine.close()
    except NazeError as error:
        return Measured(candidate, None, str(error))
    remember_speed(candidate, speed)
    return Measured(candidate, speed)


def _timed(engine: Engine, texts: Sequence[str], tokens: int) -> tuple[int, float, int]:
    """Have texts continued, all at once; returns the tokens that were really read, seconds, and tokens written."""
    prompts = [Prompt(str(place), "", "", "", text, plain=True) for place, text in enumerate(texts)]
    begun = time.perf_counter()
    answers: list[Answer] = [answer for _, answer in engine.answer(prompts, Sampling(max_tokens=tokens))]
    took = max(time.perf_counter() - begun, 1e-6)
    read = sum(answer.prompt_tokens - answer.cached_tokens for answer in answers)
    if read <= 0:
        reason = next(
            (answer.reason for answer in answers if answer.reason), "it says that it has read nothing"
        )
        raise EngineUnavailableError(
            f"engine {engine.identity.engine!r}: no speed can be measured: {reason}. Expected an answer to a short text; "
            "ask it one with `naze generate`."
        )
    return read, took, sum(answer.generated_tokens for answer in answers)


def _text(start: int, words: int) -> str:
    """Take words of the passage from a place on; texts from different places share no beginning."""
    turned = _PASSAGE[start:] + _PASSAGE[:start]
    return " ".join(turned[:words])


def _counting(start: int) -> str:
    """Make a text that any model continues for long, instead of ending its answer."""
    return ", ".join(str(start + place) for place in range(6)) + ","


def _within(value: int, limits: tuple[int, int]) -> int:
    least, most = limits
    return max(least, min(most, value))
