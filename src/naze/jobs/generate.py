"""One prompt goes in; one answer comes out, in the shape that `ollama.generate` gives it."""

import atexit
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import Any

from naze.engines import open_engine
from naze.engines.protocol import Engine, EngineOptions
from naze.engines.validation import validate_answer
from naze.errors import ConfigurationError, ContextOverflowError, EngineReplyError
from naze.records import Answer, Prompt, Sampling, Status
from naze.suggesting import did_you_mean

ANY_JSON = json.dumps({"type": ["object", "array"]})
"""The schema behind `format="json"`."""


@dataclass(frozen=True, slots=True)
class GenerateResponse:
    """What a model answered to one prompt. Fields can be read as attributes or by name, as in Ollama."""

    model: str
    created_at: str
    """ISO 8601, UTC."""
    response: str
    done: bool
    done_reason: str
    """`stop`, `length` or `choice`."""
    total_duration: int
    """Nanoseconds, loading included."""
    load_duration: int
    """Nanoseconds; near 0 when the model was loaded already."""
    prompt_eval_count: int
    """Tokens of the prompt, chat template included."""
    eval_count: int
    """Tokens generated."""
    eval_duration: int
    """Nanoseconds for reading the prompt and writing the answer."""
    probabilities: Mapping[str, float] | None = None
    """With `choices`: the probability of each, 0 to 1."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - fields have their own types
        """Read a field by its name, as `response["response"]`."""
        if name not in self:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self.__dataclass_fields__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dataclass_fields__)

    def keys(self) -> Iterator[str]:
        """Name the fields, so that `dict(response)` works."""
        return iter(self)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - fields have their own types
        """Read a field by its name, or a default where there is none."""
        return self[name] if name in self else default

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary, ready for JSON."""
        return asdict(self)


def generate(
    model: str | Engine,
    prompt: str,
    *,
    system: str = "",
    format: str | Mapping[str, Any] | None = None,
    choices: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    engine: str | None = None,
) -> GenerateResponse:
    """Ask a model one thing.

    The model stays loaded for the next call with the same model; a program that asks many things at once is
    faster with `naze.explain` or an engine of its own (`naze.open_engine`), which compute prompts together.

    Args:
        model: a name (`gemma2`), a file, `ollama:gemma2`, a server's address, or an opened engine.
        prompt: what is asked.
        system: the instruction; goes before the prompt where the model has no system role.
        format: `"json"`, or a JSON Schema that the answer must satisfy.
        choices: when given, no text is generated; `response` is the likeliest and `probabilities` has all.
        options: `temperature` (0), `seed` (0), `num_predict` (512 tokens), `stop`, `top_p`,
            `repeat_penalty` (1), `num_ctx`,
            `num_thread`, `allow_remote`, under Ollama's names.
        engine: `openvino`, `llamacpp`, `http`; None: the best one here.

    Raises:
        UnknownModelError: no such model; the message suggests the nearest names.
        ContextOverflowError: the prompt is longer than the context.
        EngineReplyError: no answer, or one that does not satisfy the schema.
        ConfigurationError: an option that does not exist.

    Example:
        >>> naze.generate(model="smollm2:135m", prompt="What is the capital of France?")["response"]
        'The capital of France is Paris.'
    """
    began = perf_counter_ns()
    sampling, engine_options = _read_options(options or {})
    opened = _kept(model, engine_options, engine) if isinstance(model, str) else model
    loaded = perf_counter_ns()
    asked = Prompt(
        subject_id="",
        question_id="",
        instruction=system,
        subject="",
        question=prompt,
        choices=tuple(choices),
        schema=ANY_JSON if format == "json" else None if format is None else _schema_text(format),
    )
    [(_, answer)] = opened.answer([asked], sampling)
    answer = validate_answer(asked, answer)
    _raise_failure(answer, opened)
    finished = perf_counter_ns()
    return GenerateResponse(
        model=opened.identity.model,
        created_at=datetime.now(UTC).isoformat(),
        response=answer.text or "",
        done=True,
        done_reason=str(answer.finish_reason),
        total_duration=finished - began,
        load_duration=loaded - began,
        prompt_eval_count=answer.prompt_tokens,
        eval_count=answer.generated_tokens,
        eval_duration=finished - loaded,
        probabilities=answer.probabilities,
    )


def _schema_text(format: str | Mapping[str, Any]) -> str:
    if isinstance(format, str):
        raise ConfigurationError(f"format is {format!r}; expected 'json' or a JSON Schema as a dictionary.")
    return json.dumps(format, sort_keys=True, ensure_ascii=False)


def _raise_failure(answer: Answer, engine: Engine) -> None:
    if answer.status is Status.OVERFLOW:
        raise ContextOverflowError(
            f"{answer.reason}. Shorten the prompt, or use a model with a longer context.",
            prompt_tokens=answer.prompt_tokens,
            context_tokens=engine.context_tokens,
        )
    if answer.status is not Status.ANSWERED:
        wrote = f" It wrote: {answer.text[:300]!r}" if answer.text else ""
        raise EngineReplyError(f"{engine.identity.model}: {answer.reason}.{wrote}")


_OPTION_NAMES = {
    "temperature": "temperature",
    "seed": "seed",
    "num_predict": "max_tokens",
    "top_p": "top_p",
    "repeat_penalty": "repetition_penalty",
    "stop": "stop",
    "num_ctx": "context_tokens",
    "num_thread": "threads",
    "allow_remote": "allow_remote",
}
_ENGINE_OPTIONS = frozenset({"context_tokens", "threads", "allow_remote"})


def _read_options(options: Mapping[str, Any]) -> tuple[Sampling, EngineOptions]:
    """Sort Ollama's options into how a model chooses its words and how the engine runs."""
    of_sampling: dict[str, Any] = {}
    of_engine: dict[str, Any] = {}
    for name, value in options.items():
        if name not in _OPTION_NAMES:
            raise ConfigurationError(
                f"option {name!r} does not exist.{did_you_mean(name, _OPTION_NAMES, used=options)} Known: "
                f"{', '.join(_OPTION_NAMES)}."
            )
        ours = _OPTION_NAMES[name]
        if ours == "stop":
            value = (value,) if isinstance(value, str) else tuple(value)
        (of_engine if ours in _ENGINE_OPTIONS else of_sampling)[ours] = value
    return Sampling(**of_sampling), EngineOptions(**of_engine)


class _Kept:
    """The engine that stays loaded between calls of `generate`; closed when the program ends."""

    def __init__(self) -> None:
        self.key: tuple[str, EngineOptions, str | None] | None = None
        self.engine: Engine | None = None

    def close(self) -> None:
        """Free the engine."""
        if self.engine is not None:
            self.engine.close()
        self.key = self.engine = None


_KEPT = _Kept()


def _kept(model: str, options: EngineOptions, engine: str | None) -> Engine:
    key = (model, options, engine)
    if _KEPT.engine is None or _KEPT.key != key:
        _KEPT.close()
        _KEPT.engine, _KEPT.key = open_engine(model, options, engine=engine), key
        atexit.register(_KEPT.close)
    return _KEPT.engine
