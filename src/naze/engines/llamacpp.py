"""A GGUF file goes in; an engine comes out that runs a llama.cpp server as a child process.

The program is the machine's own `llama-server` (set, or on PATH: Metal, CUDA, Vulkan, or built for this
processor), else the one inside the package `xllamacpp`. It is spoken to as any other llama.cpp server is.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from naze.configuration import read_configuration
from naze.engines.chat_template import ChatTemplate
from naze.engines.fingerprint import file_sha256
from naze.engines.gguf_header import read_header
from naze.engines.graphics import server_cards, total_memory
from naze.engines.http import ServerConversation
from naze.engines.http_address import Address
from naze.engines.http_client import HttpClient
from naze.engines.http_llama import LlamaServer
from naze.engines.http_server import Server
from naze.engines.llama_process import LlamaProcess, LlamaSettings, run_briefly
from naze.engines.machine import accelerator, llama_program, slow_llama_build
from naze.engines.protocol import EngineOptions, Identity, Model
from naze.engines.slots import (
    LEAST_CONTEXT_TOKENS,
    SLOTS,
    SLOTS_ON_CARD,
    USUAL_TOKENS,
    cache_room_tokens,
    card_room_bytes,
    own_context,
    slots_in,
)
from naze.errors import EngineReplyError, EngineUnavailableError, MissingExtraError, ModelFileError
from naze.records import Answer, Prompt, Sampling

__all__ = ["LlamaCppEngine"]


@dataclass(frozen=True, slots=True)
class _Program:
    """A llama.cpp server program, and what is known of it."""

    command: tuple[str, ...]
    guarded: bool
    build: str
    flags: tuple[str, ...]
    shares_cache: bool
    """Whether all slots can share one cache; else each slot has an equal part for itself."""
    note: str
    card_bytes: int | None = None
    """Free memory of the graphics cards that it can use; None: it says of none."""
    needs_layers: bool = False
    """Whether it is so old that it computes on a card only where it is told to."""


class LlamaCppEngine:
    """Answers prompts with a llama.cpp server that it starts, watches and stops."""

    def __init__(self, model: Model, path: Path, options: EngineOptions) -> None:
        header = read_header(path)
        program = _find_program()
        context = min(options.context_tokens or sys.maxsize, own_context(header.metadata))
        settings = _settings(path, header.metadata, program, replace(options, context_tokens=context))
        template = ChatTemplate.from_gguf(path)
        self._conversation: ServerConversation | None = None
        self._process = LlamaProcess(settings)
        try:
            self._conversation = self._converse(model, template, replace(options, context_tokens=context))
        except BaseException:
            self._process.close()
            raise
        self._facts = self._conversation.server.facts
        self._identity = Identity(
            engine="llamacpp",
            model=model.name,
            fingerprint=f"llama.cpp {program.build} {model.sha256 or file_sha256(path)}",
            notes=(program.note,),
        )

    @classmethod
    def open(cls, model: Model, options: EngineOptions) -> Self:
        """Start a server with the model.

        Raises:
            ModelFileError: no GGUF file, one that is cut short, or one that llama.cpp cannot load.
            MissingExtraError: there is no llama.cpp server on this machine.
            EngineUnavailableError: the server cannot be started.
        """
        if model.path is None or model.path.is_dir():
            raise ModelFileError(
                f"model {model.name!r} is {model.path or 'no file'}; the engine 'llamacpp' expects a GGUF file. "
                "Name one, or use another engine."
            )
        return cls(model, model.path, options)

    @property
    def identity(self) -> Identity:
        """Who answers."""
        return self._identity

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together that fit."""
        return self._facts.context_tokens

    @property
    def process_id(self) -> int:
        """The child's process id, for those who measure or watch it."""
        return self._process.process_id

    def count_tokens(self, prompts: Sequence[Prompt]) -> list[int]:
        """Count each prompt's tokens as the model will see it, chat template included."""
        return self._open_conversation().count_tokens(prompts)

    def answer(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[tuple[Prompt, Answer]]:
        """Answer prompts, in the order in which they finish. See `Engine.answer`."""
        return self._open_conversation().answer(prompts, sampling)

    def close(self) -> None:
        """Stop the server. May be called twice."""
        if self._conversation is not None:
            self._conversation.close()
            self._conversation = None
        self._process.close()

    def _open_conversation(self) -> ServerConversation:
        if self._conversation is None:
            raise EngineUnavailableError(f"the engine for {self._identity.model} is closed. Open it again.")
        return self._conversation

    def _converse(self, model: Model, template: ChatTemplate, options: EngineOptions) -> ServerConversation:
        address = Address.parse(self._process.address)

        def make_client() -> HttpClient:
            return HttpClient(
                address,
                api_key=self._process.api_key,
                timeout_seconds=options.timeout_seconds,
                watch=self._process.watch,
            )

        async def recognise(client: HttpClient) -> Server:
            server = await LlamaServer.open(client, model.name, options, template)
            if server is None:
                raise EngineReplyError(
                    f"{address.text}: the program that was started is no llama.cpp server."
                )
            return server

        try:
            return ServerConversation(make_client, recognise)
        except EngineReplyError as error:
            raise EngineUnavailableError(str(error)) from error


def _find_program() -> _Program:
    """Choose the llama.cpp server to run.

    Raises:
        EngineUnavailableError: the one that was set is not there or does not run.
        MissingExtraError: there is none.
    """
    configured = read_configuration().llama_server
    program = llama_program(configured)
    if configured is not None and program is None:
        raise EngineUnavailableError(
            f"llama_server (naze.toml, NAZE_LLAMA_SERVER) is {str(configured)!r}; there is no such file. "
            "Set it to a llama.cpp server, or remove it."
        )
    if program is not None:
        return _machine_program(program)
    if find_spec("xllamacpp") is None:
        raise MissingExtraError(
            "there is no llama.cpp server on this machine: no llama-server on PATH, and no xllamacpp. "
            "Add one with: pip install 'naze[llamacpp]'"
        )
    return _packaged_program()


def _machine_program(program: Path) -> _Program:
    known = run_briefly([str(program), "--help"])
    shares = "--kv-unified" in known
    flags: tuple[str, ...] = ("--kv-unified",) if shares else ()
    if "--cache-ram" in known:
        flags += ("--cache-ram", "0")
    build = _build(run_briefly([str(program), "--version"]))
    note = f"llama.cpp: {program} ({build})"
    cards = server_cards(program) if "--list-devices" in known else ()
    if cards:
        note += f", on {' and '.join(card.name for card in cards)}"
    old = "--fit" not in known and "--n-gpu-layers" in known
    return _Program((str(program),), True, build, flags, shares, note, total_memory(cards), old)


def _packaged_program() -> _Program:
    try:
        build = f"xllamacpp {version('xllamacpp')}"
    except PackageNotFoundError:
        build = "xllamacpp"
    note = f"llama.cpp: the prebuilt one of {build}"
    if slow_llama_build():
        note += (
            "; built for any x86 processor (AVX2 only), it is slower than one built for yours: "
            "put such a llama-server on PATH, or set NAZE_LLAMA_SERVER, and it is used instead"
        )
    return _Program(
        (sys.executable, "-m", "naze.engines.xllamacpp_child"),
        False,
        build,
        ("--kv-unified", "--cache-ram", "0"),
        True,
        note,
    )


def _build(text: str) -> str:
    """Find the version in what `llama-server --version` writes among other things."""
    found = re.search(r"^version: *(.+)$", text, flags=re.MULTILINE)
    return found[1].strip() if found else "unknown version"


def _settings(
    path: Path, metadata: Mapping[str, Any], program: _Program, options: EngineOptions
) -> LlamaSettings:
    """Divide the memory there is into slots and context."""
    context = options.context_tokens or own_context(metadata)
    card = program.card_bytes
    fits = card is not None and card_room_bytes(path, card) > 0
    room = cache_room_tokens(path, metadata, options, card)
    slots = options.concurrency or slots_in(
        room, SLOTS if card is None and accelerator() is None else SLOTS_ON_CARD
    )
    if program.shares_cache:
        cache = max(min(room, max(context, slots * min(context, USUAL_TOKENS))), LEAST_CONTEXT_TOKENS)
    else:
        each = max(min(context, room // slots), LEAST_CONTEXT_TOKENS)
        cache = each * slots
    return LlamaSettings(
        program=program.command,
        guarded=program.guarded,
        model=path,
        cache_tokens=cache,
        slots=slots,
        threads=options.threads,
        flags=(*program.flags, *(("--n-gpu-layers", "999") if fits and program.needs_layers else ())),
    )
