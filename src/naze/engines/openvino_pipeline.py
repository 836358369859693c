"""OpenVINO GenAI with continuous batching and prefix reuse, in the process that calls it.

A GGUF file (prepared once, see `openvino_prepare.py`) or a folder of OpenVINO files goes in. Prompts are
admitted between the steps of the pipeline, and each answer leaves as soon as it is whole, so that the
sequences computed together never wait for the slowest of them. `openvino.py` runs this in a child process.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from naze.engines.admission import SHORT_TOKENS, Admission
from naze.engines.chat_template import ChatTemplate
from naze.engines.choices import distribution
from naze.engines.json_grammar import bounded_grammar
from naze.engines.openvino_prepare import Prepared, prepare
from naze.engines.openvino_tokenizer import load_tokenizer
from naze.engines.prefix_alignment import PrefixAlignment, Upcoming, common_length
from naze.engines.prefix_blocks import PrefixBlocks
from naze.engines.protocol import EngineOptions, Identity, Model
from naze.engines.schemas import enforced
from naze.engines.states import encode_states
from naze.engines.working import TOLD_EVERY_SECONDS, Working, is_watched, tell
from naze.errors import ChoiceError, EngineCrashError, ModelFileError, TurnsError
from naze.records import Answer, FinishReason, Prompt, Sampling, Status

if TYPE_CHECKING:
    from naze.engines.openvino_states import StateNetwork

BLOCK_TOKENS = 32
"""Tokens in one block of the CPU's key-value cache; prefixes are reused in whole blocks."""
ACTIVATION_GROUP = 128
"""Activations share a scale in groups of so many when they are quantised to 8 bits (docs/performance.md)."""
MOST_SEQUENCES = 32
"""More sequences than this bring nothing on a CPU (docs/performance.md)."""
BATCHED_TOKENS = 512
"""Tokens computed in one step. More cost memory and bring nothing (docs/performance.md)."""
MEMORY_SHARE = 0.25
"""The share of the free memory that the key-value cache may take when nothing is set."""
USUAL_TOKENS = 4096
"""Prompt and answer of a usual row: what the cache holds for each sequence when memory allows."""
DRAWS_FOR_EACH = 8
"""Tokens drawn for each choice, evenly among the choices: with four of them one is missing once in 2,500 times."""
MOST_DRAWS = 64
"""More draws cost more than asking again for what is missing."""
WORTH_WAITING = 2 * BLOCK_TOKENS
"""A prompt waits for another to be read where that saves it so many tokens."""
EVEN = 1e6
"""A temperature so high that the likeliest choice is drawn as often as any other."""


_Subject = tuple[str, str, str]
"""What a prompt is about, as far as its text before the question goes."""


@dataclass(slots=True)
class _Request:
    """One prompt under way."""

    prompt: Prompt
    tokens: Any
    """Input ids, (1, tokens) int64, as an OpenVINO tensor."""
    prompt_tokens: int
    handles: list[Any] = field(default_factory=list)
    chosen: dict[str, float] = field(default_factory=dict)
    """For choices: the log probability of each that is known."""
    alone: list[str] | None = None
    """Choices that no draw has met, each asked by itself behind the same prompt; None before the draws are read."""
    started: float = 0.0
    cached_tokens: int = 0
    written: list[int] = field(default_factory=list)
    """Tokens of the answer so far."""
    finish_reason: Any = None
    remembered: bool = False
    """Its beginning stands in the cache, and that was noted."""

    @property
    def subject(self) -> _Subject:
        """What requests with the same beginning have in common."""
        return self.prompt.subject_id, self.prompt.instruction, self.prompt.subject

    @property
    def ids(self) -> NDArray[np.int64]:
        """The prompt's tokens, (tokens,)."""
        flat: NDArray[np.int64] = self.tokens.data[0]
        return flat


class OpenVinoPipeline:
    """Answers prompts with OpenVINO GenAI on this machine's CPU.

    Args:
        model: as named by the person, with the path that was loaded.
        options: see `EngineOptions`.
        prepared: the OpenVINO files, and what is known of the network.
    """

    def __init__(self, model: Model, options: EngineOptions, prepared: Prepared) -> None:
        import openvino_genai as genai

        self._genai = genai
        self._options = options
        self._prepared = prepared
        self._tokenizer = load_tokenizer(prepared)
        self._template = prepared.chat_template(self._tokenizer)
        self._identity = Identity(
            engine="openvino",
            model=model.name,
            fingerprint=f"openvino {prepared.fingerprint} f32 a8g{ACTIVATION_GROUP}",
            notes=prepared.notes,
        )
        self._pipeline: Any = None
        self._pipeline_deterministic = False
        self._read = PrefixBlocks(BLOCK_TOKENS, 0)
        self._alignment = PrefixAlignment(BLOCK_TOKENS, self._ids, self._line_end())
        self._choice_tokens: dict[str, int] = {}
        self._requests = 0
        self.admission = Admission()

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        """Prepare the model for this machine if that was not done before, and load it.

        Raises:
            ModelFileError: no path, a file that is cut short, or a network that OpenVINO cannot load.
        """
        if model.path is None:
            raise ModelFileError(
                f"model {model.name!r} has no file; the engine 'openvino' expects a GGUF file or a folder "
                "of OpenVINO files. Name a file, or use --engine http for a server."
            )
        return cls(model, options, prepare(model.path, sha256=model.sha256))

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._identity

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that fit: the model's, or fewer where set or memory is short."""
        wanted = min(
            self._options.context_tokens or self._prepared.context_tokens, self._prepared.context_tokens
        )
        return min(wanted, self._cache_blocks() * BLOCK_TOKENS)

    @property
    def chat_template(self) -> ChatTemplate:
        """The template that lays prompts out as the model was trained on."""
        return self._template

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it, chat template included."""
        return [int(self._encode(prompt).shape[1]) for prompt in prompts]

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts, in the order in which they finish. See `Engine.answer`."""
        batch = _Batch(self, sampling)
        try:
            yield from batch.run(iter(prompts))
        except RuntimeError as error:
            self._pipeline = None
            raise EngineCrashError(
                f"OpenVINO stopped while answering {batch.under_way()} prompts: {error}. "
                "They are asked again on a fresh engine."
            ) from error
        finally:
            batch.cancel()

    def read_states(self, prompts: Iterable[Prompt]) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts with choices one after another, with the model's hidden states. See `StateReader.read_states`."""
        from naze.engines.openvino_states import StateNetwork

        self._pipeline = None  # the weights stand in memory once
        network = StateNetwork(self._prepared.folder, self._properties())
        for prompt in prompts:
            self.check_choices(prompt.choices)
            request = self.request(prompt)
            yield prompt, self.refusal(request) or self._read_states(network, request)

    def _read_states(self, network: "StateNetwork", request: _Request) -> Answer:
        request.started = time.perf_counter()
        try:
            states = network.read(request.ids)
        except RuntimeError as error:
            raise EngineCrashError(
                f"OpenVINO stopped while reading the prompt about {request.prompt.subject_id!r}: {error}. It is asked "
                "again on a fresh engine."
            ) from error
        request.cached_tokens = states.cached_tokens
        request.chosen = {
            choice: float(states.log_probabilities[self._first_token(choice)])
            for choice in request.prompt.choices
        }
        answer = self.finish(request)
        if answer.status is not Status.ANSWERED:
            return answer
        return replace(answer, states=encode_states(states.depths))

    def refusal(self, request: _Request) -> Answer | None:
        """Say why a request is not asked: it does not fit. None where it does."""
        if request.prompt_tokens < self.context_tokens:
            return None
        return Answer(
            Status.OVERFLOW,
            reason=f"the prompt has {request.prompt_tokens:,} tokens; the context holds {self.context_tokens:,}",
            prompt_tokens=request.prompt_tokens,
            attempts=0,
        )

    def close(self) -> None:
        """Free the model's memory."""
        self._pipeline = None

    def _properties(self) -> dict[str, Any]:
        """Say how precisely, and on how many threads, the network is computed."""
        properties: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(ACTIVATION_GROUP),
        }
        if self._options.threads is not None:
            properties["INFERENCE_NUM_THREADS"] = self._options.threads
            properties["ENABLE_CPU_PINNING"] = False  # else every such process takes the same, first cores
        return properties

    def pipeline(self, *, deterministic: bool) -> Any:  # noqa: ANN401 - a package without types
        """Return the loaded pipeline, which computes in f32.

        On a processor with bf16 OpenVINO's own default is bf16: 3 to 7 % faster, but logits come in coarse steps
        and a small model's text changes visibly (docs/performance.md).

        Args:
            deterministic: reuse no prefixes, since that moves the figures.
        """
        if self._pipeline is not None and self._pipeline_deterministic == deterministic:
            return self._pipeline
        self._pipeline = None
        scheduler = self.scheduler(deterministic=deterministic)
        try:
            self._pipeline = self._genai.ContinuousBatchingPipeline(
                str(self._prepared.folder), self._tokenizer, scheduler, "CPU", **self._properties()
            )
        except RuntimeError as error:
            raise ModelFileError(
                f"{self._prepared.folder}: OpenVINO cannot load this model: {error}. "
                "Remove the folder to prepare it anew, or use --engine llamacpp."
            ) from error
        self._pipeline_deterministic = deterministic
        self._read = PrefixBlocks(BLOCK_TOKENS, 0 if deterministic else self._cache_blocks())
        return self._pipeline

    def scheduler(self, *, deterministic: bool) -> Any:  # noqa: ANN401 - a package without types
        """Say how sequences are computed together."""
        scheduler = self._genai.SchedulerConfig()
        scheduler.enable_prefix_caching = not deterministic
        scheduler.max_num_batched_tokens = BATCHED_TOKENS
        scheduler.max_num_seqs = 1 if deterministic else self.concurrency * 2
        scheduler.num_kv_blocks = self._cache_blocks()
        scheduler.dynamic_split_fuse = True
        return scheduler

    @property
    def concurrency(self) -> int:
        """Sequences computed at once: as set, or as many as the cache holds, up to `MOST_SEQUENCES`."""
        if self._options.concurrency is not None:
            return max(1, self._options.concurrency)
        return int(np.clip(self._cache_blocks() * BLOCK_TOKENS // 1024, 1, MOST_SEQUENCES))

    def _cache_blocks(self) -> int:
        """Blocks of the key-value cache, from the settings or from the memory that was free at the start."""
        if self._options.cache_gigabytes is not None:
            room = self._options.cache_gigabytes * 1e9
        else:
            room = self._prepared.free_memory_bytes * MEMORY_SHARE
        block_bytes = self._prepared.cache_bytes_per_token * BLOCK_TOKENS
        most = -(-max(MOST_SEQUENCES * USUAL_TOKENS, self._prepared.context_tokens) // BLOCK_TOKENS)
        return int(np.clip(room // block_bytes, 16, most))

    def _encode(self, prompt: Prompt) -> Any:  # noqa: ANN401 - a type of a package without types
        return self._tokenizer.encode(self._template.render(prompt), add_special_tokens=False).input_ids

    def _ids(self, prompt: Prompt) -> NDArray[np.int64]:
        ids: NDArray[np.int64] = self._encode(prompt).data[0]
        return ids

    def _line_end(self) -> int | None:
        """Return the token that is a line end by itself; None: the model has none."""
        ids = self._tokenizer.encode("\n", add_special_tokens=False).input_ids.data
        return int(ids[0, 0]) if ids.size == 1 else None

    def request(self, prompt: Prompt, following: Prompt | None = None) -> _Request:
        """Lay a prompt out and cut it into tokens; where the next is about the same subject, aligned with the cache's blocks.

        Args:
            prompt: what is asked.
            following: what is asked next, where that is known.
        """
        tokens = self._encode(prompt)
        blanks = self._alignment.blanks(prompt, following)
        if blanks and tokens.shape[1] + blanks < self.context_tokens:
            tokens = self._tensor(self._alignment.with_blanks(prompt, tokens.data[0], blanks))
        return _Request(prompt, tokens, int(tokens.shape[1]))

    def _tensor(self, ids: NDArray[np.int64]) -> Any:  # noqa: ANN401 - a type of a package without types
        from openvino import Tensor

        return Tensor(np.ascontiguousarray(ids[None]))

    def admit(self, pipeline: Any, request: _Request, configurations: Sequence[Any]) -> None:  # noqa: ANN401
        """Hand a request to the pipeline, once for each configuration."""
        for configuration in configurations:
            self._requests += 1
            request.handles.append(pipeline.add_request(self._requests, request.tokens, configuration))

    def configuration(self, request: _Request, sampling: Sampling) -> Any:  # noqa: ANN401
        """Say how the pipeline shall write."""
        if request.prompt.choices:
            return self._draws(request.prompt.choices)
        configuration = self._genai.GenerationConfig()
        configuration.apply_chat_template = False
        configuration.eos_token_id = self._tokenizer.get_eos_token_id()
        configuration.stop_token_ids = set(self._prepared.stop_tokens)
        configuration.max_new_tokens = min(sampling.max_tokens, self.context_tokens - request.prompt_tokens)
        configuration.repetition_penalty = sampling.repetition_penalty
        if sampling.stop:
            configuration.stop_strings = set(sampling.stop)
        if sampling.temperature > 0:
            configuration.do_sample = True
            configuration.temperature = sampling.temperature
            configuration.top_p = sampling.top_p
            configuration.rng_seed = sampling.seed
        if request.prompt.schema is not None:
            schema = enforced(request.prompt.schema, "openvino").schema
            grammar = bounded_grammar(schema)
            configuration.structured_output_config = self._genai.StructuredOutputConfig(
                **({"json_schema": schema} if grammar is None else {"grammar": grammar})
            )
        return configuration

    def _draws(self, choices: Sequence[str]) -> Any:  # noqa: ANN401 - a type of a package without types
        """Read the prompt once and draw first tokens of all choices, each as often as any other.

        What comes back with a token is its log probability in the model's own, unconstrained distribution.
        """
        configuration = self._one_token("|".join(map(self._pattern, choices)))
        if len(choices) > 1:
            configuration.do_sample = True
            configuration.temperature = EVEN
            configuration.top_k = len(choices)
            configuration.num_return_sequences = min(MOST_DRAWS, DRAWS_FOR_EACH * len(choices))
        return configuration

    def collect(self, request: _Request) -> list[Any]:
        """Note what is known of the choices; say how to ask, one by one, for those that no draw has met."""
        if request.alone is None:
            drawn = {one.generated_ids[0]: one for one in request.handles[0].read_all()}
            firsts = {choice: self._first_token(choice) for choice in request.prompt.choices}
            met = {choice: drawn[token] for choice, token in firsts.items() if token in drawn}
            request.chosen |= {choice: float(one.generated_log_probs[0]) for choice, one in met.items()}
            request.alone = [choice for choice in firsts if choice not in met]
            request.handles.clear()
            return [self._one_token(self._pattern(choice)) for choice in request.alone]
        for choice, handle in zip(request.alone, request.handles, strict=True):
            request.chosen[choice] = float(handle.read_all()[0].generated_log_probs[0])
        return []

    def _one_token(self, pattern: str) -> Any:  # noqa: ANN401 - a type of a package without types
        configuration = self._genai.GenerationConfig()
        configuration.apply_chat_template = False
        configuration.max_new_tokens = 1
        configuration.logprobs = 1
        configuration.structured_output_config = self._genai.StructuredOutputConfig(regex=pattern)
        return configuration

    def _pattern(self, choice: str) -> str:
        """Write the text of a choice's first token as a regular expression that matches it alone."""
        return _literal(self._tokenizer.decode([self._first_token(choice)], skip_special_tokens=False))

    def _first_token(self, choice: str) -> int:
        if choice not in self._choice_tokens:
            tokens = self._tokenizer.encode(choice, add_special_tokens=False).input_ids.data
            if tokens.size == 0:
                raise ChoiceError(
                    "a choice is empty; expected a text such as 'A' or 'yes'. Name every choice."
                )
            self._choice_tokens[choice] = int(tokens[0][0])
        return self._choice_tokens[choice]

    def check_choices(self, choices: Sequence[str]) -> None:
        """Make sure that the choices can be told apart by their first token.

        Raises:
            ChoiceError: two choices begin with the same token, or one with a token that is no whole letter.
        """
        seen: dict[int, str] = {}
        for choice in choices:
            token = self._first_token(choice)
            if token in seen:
                raise ChoiceError(
                    f"choices {seen[token]!r} and {choice!r} begin with the same token of this model; expected "
                    "choices that differ from their first token on. Name them by letters, e.g. A, B, C."
                )
            seen[token] = choice
            if not self._tokenizer.decode([token], skip_special_tokens=False).strip("\ufffd"):
                raise ChoiceError(
                    f"the choice {choice!r} begins with a part of a letter in the tokens of this model, which knows few texts "
                    "of its language. Name the choices by letters, e.g. A, B, C, and say in the prompt what each means."
                )

    def remember(self, requests: Iterable[_Request]) -> list[_Request]:
        """Note which requests' beginnings later ones will find in the cache; return those that have just been read."""
        newly_read = [request for request in requests if not request.remembered and _read_in(request)]
        for request in newly_read:
            request.remembered = True
            self._read.add(request.ids)
        return newly_read

    def expect(self, request: _Request) -> None:
        """Say how much of a request is in the cache as it is handed over."""
        request.cached_tokens = self._read.cached_tokens(request.ids)

    def gains_by_waiting(self, request: _Request, reading: Sequence[_Request]) -> bool:
        """Tell whether one of those that are being read will leave more of a request in the cache than is there now.

        A question that stands before every row of a table is shared by all: without waiting, the first thirty-two
        rows would all read it.
        """
        if not reading or self._pipeline_deterministic:
            return False
        there = self._read.cached_tokens(request.ids) + WORTH_WAITING
        return any(common_length(request.ids, other.ids) >= there for other in reading)

    def finish(self, request: _Request) -> Answer:
        """Turn what the pipeline wrote into an answer."""
        seconds = time.perf_counter() - request.started
        if request.prompt.choices:
            return distribution(
                {choice: request.chosen[choice] for choice in request.prompt.choices},
                request.prompt_tokens,
                seconds,
                cached_tokens=request.cached_tokens,
            )
        self.collect_written(request)
        text = self.text_so_far(request)
        stopped = request.finish_reason == self._genai.GenerationFinishReason.STOP
        status = Status.ANSWERED if text.strip() else Status.INVALID
        return Answer(
            status=status,
            text=text,
            reason=None if status is Status.ANSWERED else "the model wrote nothing",
            finish_reason=FinishReason.STOP if stopped else FinishReason.LENGTH,
            prompt_tokens=request.prompt_tokens,
            cached_tokens=request.cached_tokens,
            generated_tokens=len(request.written),
            seconds=seconds,
        )

    def collect_written(self, request: _Request) -> int:
        """Take what the pipeline has written of an answer since the last time; return how many tokens."""
        before = len(request.written)
        for handle in request.handles:
            while handle.can_read():
                for output in handle.read().values():
                    request.written += output.generated_ids
                    request.finish_reason = output.finish_reason
        return len(request.written) - before

    def text_so_far(self, request: _Request) -> str:
        """Return what has been written of an answer."""
        text: str = self._tokenizer.decode(request.written)
        return text

    def done(self, request: _Request) -> bool:
        """Tell whether everything asked for a request has come."""
        running = self._genai.GenerationStatus.RUNNING
        return all(handle.get_status() != running for handle in request.handles)


class _Batch:
    """The prompts of one call of `answer` that are under way."""

    def __init__(self, engine: OpenVinoPipeline, sampling: Sampling) -> None:
        self._engine = engine
        self._sampling = sampling
        self._active: list[_Request] = []
        self._held: list[_Request] = []
        """Wait until the first request about the same subject has been read in by the model."""
        self._subjects_read: set[_Subject] = set()
        """Of the requests under way, the subjects that stand in the cache: nothing waits for these."""
        self._pipeline: Any = None
        self._told = 0.0
        self._told_prompts = self._told_read = self._told_written = 0

    def under_way(self) -> int:
        """Count the prompts that were taken and not yet answered."""
        return len(self._active) + len(self._held)

    def run(self, prompts: Iterator[Prompt]) -> Iterator[tuple[Prompt, Answer]]:
        """Take prompts in, step the pipeline, give answers out, until nothing is left."""
        upcoming = Upcoming(prompts)
        if upcoming.peek() is None:
            return
        self._pipeline = self._engine.pipeline(deterministic=self._sampling.deterministic)
        most = 1 if self._sampling.deterministic else self._engine.concurrency
        more = True
        self._engine.admission.begin()
        while True:
            while more and self.under_way() < most and self._may_join(upcoming.peek()):
                prompt = next(upcoming, None)
                if prompt is None:
                    more = False
                    break
                refused = self._take(prompt, upcoming.peek() if most > 1 and prompt.choices else None)
                if refused is not None:
                    yield prompt, refused
            if not self._active:
                return
            self._pipeline.step()
            newly_read = self._engine.remember(self._active)
            if is_watched():
                self._tell(newly_read)
            self._subjects_read |= {request.subject for request in self._active if request.remembered}
            for request in [request for request in self._active if self._engine.done(request)]:
                if request.prompt.choices and (further := self._engine.collect(request)):
                    self._engine.admit(self._pipeline, request, further)
                    continue
                self._active.remove(request)
                self._engine.admission.leave(id(request))
                yield request.prompt, self._engine.finish(request)
            self._release()

    def _tell(self, newly_read: Sequence[_Request]) -> None:
        """Tell whoever watches what the last step did, a few times a second."""
        writing = [request for request in self._active if not request.prompt.choices]
        self._told_prompts += len(newly_read)
        self._told_read += sum(request.prompt_tokens - request.cached_tokens for request in newly_read)
        self._told_written += sum(map(self._engine.collect_written, writing))
        now = time.monotonic()
        if now - self._told < TOLD_EVERY_SECONDS and not all(map(self._engine.done, self._active)):
            return
        first = next((request for request in writing if request.written), None)
        text = "" if first is None else self._engine.text_so_far(first)
        tell(
            Working(
                self._told_prompts,
                self._told_read,
                self._told_written,
                None if first is None else first.prompt,
                text,
            )
        )
        self._told, self._told_prompts, self._told_read, self._told_written = now, 0, 0, 0

    def _may_join(self, prompt: Prompt | None) -> bool:
        """Tell whether a prompt may join what is under way."""
        if prompt is None or self._is_short(prompt):
            return True
        written = [request for request in (*self._active, *self._held) if not self._is_short(request.prompt)]
        return self._engine.admission.admits(being_written=any(map(_read_in, written)))

    def _is_short(self, prompt: Prompt) -> bool:
        """Tell whether an answer is whole about as soon as its prompt is read."""
        return bool(prompt.choices) or (prompt.sampling or self._sampling).max_tokens <= SHORT_TOKENS

    def _take(self, prompt: Prompt, following: Prompt | None) -> Answer | None:
        """Admit a prompt, or say at once why it is not asked."""
        if prompt.choices:
            self._engine.check_choices(prompt.choices)
        try:
            request = self._engine.request(prompt, following)
        except TurnsError as error:
            return Answer(Status.ERROR, reason=str(error), attempts=0)
        if (refused := self._engine.refusal(request)) is not None:
            return refused
        if not self._is_short(prompt):
            self._engine.admission.join(id(request))
        if self._must_wait(request):
            self._held.append(request)
        else:
            self._admit(request)
        return None

    def _admit(self, request: _Request) -> None:
        configuration = self._engine.configuration(request, request.prompt.sampling or self._sampling)
        request.started = time.perf_counter()
        self._engine.remember(self._active)
        self._engine.expect(request)
        self._engine.admit(self._pipeline, request, [configuration])
        self._active.append(request)

    def _must_wait(self, request: _Request) -> bool:
        """Tell whether another request is just reading the same subject, or as good a beginning, into the cache."""
        if request.subject in self._subjects_read:
            return False
        reading = [other for other in self._active if not _read_in(other)]
        if any(request.subject == other.subject for other in reading):
            return True
        return self._engine.gains_by_waiting(request, reading)

    def _release(self) -> None:
        """Admit what was held back, once its beginning is in the cache."""
        for request in list(self._held):
            if not self._must_wait(request):
                self._held.remove(request)
                self._admit(request)
        self._subjects_read &= {request.subject for request in self._active}

    def cancel(self) -> None:
        """Stop what is under way and give its memory back."""
        if self._pipeline is None or not self._active:
            return
        for request in self._active:
            for handle in request.handles:
                handle.cancel()
        self._active.clear()
        self._held.clear()
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()


def _read_in(request: _Request) -> bool:
    """Tell whether the model has read the whole prompt: its first token has been written."""
    return request.remembered or bool(request.written) or any(handle.can_read() for handle in request.handles)


def _literal(text: str) -> str:
    """Write a text as a regular expression that matches it alone."""
    return "".join(f"\\{letter}" if letter in r"\.^$*+?()[]{}|/-" else letter for letter in text)
