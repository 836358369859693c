"""A prompt of three parts goes in; the one text that a chat model was trained to read comes out.

The template is the model's own (Jinja2, as the model file or the server holds it), rendered as the
`transformers` library renders it, in a sandbox. A model without a system role (Gemma raises an error, others
drop the text) gets the instruction at the head of the person's turn, so that the beginning which all prompts
of a run share stays shared. A base model without a template gets the plain text, and so does every model when
a prompt says so (`Prompt.plain`).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from naze.engines.gguf_header import read_header
from naze.errors import ModelFileError, TurnsError
from naze.records import Prompt, Role

__all__ = ["ChatTemplate", "Message"]

Message = dict[str, str]
"""One turn: `{"role": "system" | "user" | "assistant", "content": …}`."""

_INSTRUCTION_TRIAL, _PERSON_TRIAL = "naze-trial-instruction", "naze-trial-person"


class ChatTemplate:
    """Lays prompts out as a model was trained to read them.

    Args:
        template: the Jinja2 text; None for a base model, which reads plain text.
        bos: text of the token that begins every text of this model; "" where there is none.
        eos: text of the token that ends a text.
        add_bos: whether the model expects `bos` even where the template does not write it.
        source: where the template comes from, for messages.

    Raises:
        ModelFileError: the template's syntax is broken.
    """

    def __init__(
        self,
        template: str | None,
        *,
        bos: str = "",
        eos: str = "",
        add_bos: bool = False,
        source: str = "chat template",
    ) -> None:
        self.text = template
        self.bos = bos
        self.eos = eos
        self.source = source
        self._add_bos = add_bos
        self._compiled = None if template is None else _compile(template, source)
        self._system_role: bool | None = None

    @classmethod
    def from_text(cls, template: str | None, *, bos: str = "", eos: str = "", add_bos: bool = False) -> Self:
        """Take a template as a server or a file gives it; None or an empty text: a base model."""
        return cls(template or None, bos=bos, eos=eos, add_bos=add_bos)

    @classmethod
    def from_gguf(cls, path: Path) -> Self:
        """Take the template and its tokens out of a GGUF file; only the file's header is read.

        Raises:
            ModelFileError: not a whole GGUF file, or a template whose syntax is broken.
        """
        metadata = read_header(path).metadata
        return cls(
            metadata.get("tokenizer.chat_template") or None,
            bos=_token(metadata, "bos"),
            eos=_token(metadata, "eos"),
            add_bos=_adds_bos(metadata),
            source=f"{path.name}, tokenizer.chat_template",
        )

    @property
    def system_role_supported(self) -> bool:
        """Whether an instruction in a turn of its own reaches the model, before the person's; tried once."""
        if self._system_role is None:
            self._system_role = self._try_system_role()
        return self._system_role

    def messages(self, prompt: Prompt) -> list[Message]:
        """Split a prompt into turns: instruction -> system, what was said before, subject and question -> user.

        Without a system role everything stands in the one turn, the instruction at its head.
        """
        return split_into_turns(prompt, system_role=self._compiled is None or self.system_role_supported)

    def render(self, prompt: Prompt) -> str:
        """Lay a prompt out, up to the place where the model begins its answer.

        The text holds the model's special tokens, the first one included: tokenize it without adding any.

        Raises:
            ModelFileError: the template refuses the prompt; says what the template said.
            TurnsError: it refuses the turns of this conversation; others may do.
        """
        if prompt.plain:
            text = plain_text(prompt)
        elif self._compiled is None:
            text = join_parts(*(turn["content"] for turn in split_into_turns(prompt, system_role=True)))
        else:
            text = self._render_turns(prompt)
        text = well_formed(text)
        if self._add_bos and self.bos and not text.startswith(self.bos):
            return self.bos + text
        return text

    def render_messages(self, messages: list[Message]) -> str:
        """Lay turns out with the template alone.

        Raises:
            ModelFileError: there is no template, or it refuses these turns.
        """
        if self._compiled is None:
            raise ModelFileError(
                f"{self.source}: this is a base model without a chat template. Send plain text."
            )
        try:
            return self._compiled.render(
                messages=messages,
                add_generation_prompt=True,
                enable_thinking=False,
                bos_token=self.bos,
                eos_token=self.eos,
                tools=None,
                documents=None,
            )
        except (jinja2.TemplateError, TypeError) as error:
            raise ModelFileError(
                f"{self.source}: refuses the roles {[turn['role'] for turn in messages]}: {error}. "
                "The model expects other turns; use another file of this model."
            ) from error

    def _render_turns(self, prompt: Prompt) -> str:
        """Lay a prompt out; a conversation that the template refuses is this prompt's own affair."""
        try:
            return self.render_messages(self.messages(prompt))
        except ModelFileError as error:
            if not prompt.earlier:
                raise
            raise TurnsError(
                f"{error} Most models want the person's and the assistant's turns to alternate, beginning with the "
                "person's, and a system text at the head alone."
            ) from error

    def _try_system_role(self) -> bool:
        if self._compiled is None:
            return False
        turns = [
            {"role": "system", "content": _INSTRUCTION_TRIAL},
            {"role": "user", "content": _PERSON_TRIAL},
        ]
        try:
            text = self.render_messages(turns)
        except ModelFileError:
            return False
        return 0 <= text.find(_INSTRUCTION_TRIAL) < text.find(_PERSON_TRIAL)


def split_into_turns(prompt: Prompt, *, system_role: bool) -> list[Message]:
    """Split a prompt into chat turns: with a system role the instruction stands in a turn of its own.

    Without one it goes to the head of the person's first turn.
    """
    turns = [{"role": turn.role.value, "content": turn.text} for turn in prompt.earlier]
    last = join_parts(prompt.subject, prompt.question)
    if last or not turns:
        turns.append({"role": Role.USER.value, "content": last})
    if not prompt.instruction:
        return turns
    if system_role:
        return [{"role": Role.SYSTEM.value, "content": prompt.instruction}, *turns]
    if turns[0]["role"] != Role.USER:
        return [{"role": Role.USER.value, "content": prompt.instruction}, *turns]
    return [{**turns[0], "content": join_parts(prompt.instruction, turns[0]["content"])}, *turns[1:]]


def plain_text(prompt: Prompt) -> str:
    """Return the text of a prompt that goes to the model as it stands, line ends and all."""
    return join_parts(prompt.instruction, prompt.subject, prompt.question)


def well_formed(text: str) -> str:
    """Return a text that can be written as UTF-8: half surrogate pairs, which votes hold, become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def join_parts(*parts: str) -> str:
    """Join the parts of a prompt that are not empty, an empty line between them."""
    return "\n\n".join(part for part in parts if part)


def _compile(template: str, source: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _now
    try:
        return environment.from_string(template)
    except jinja2.TemplateSyntaxError as error:
        raise ModelFileError(
            f"{source}, line {error.lineno}: the chat template is broken: {error}. "
            "Use another file of this model."
        ) from error


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _now(layout: str) -> str:
    return datetime.now().strftime(layout)


def _to_json(
    value: Any,  # noqa: ANN401 - whatever a template holds
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Jinja2's own filter escapes HTML, which models have never seen."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _token(metadata: Mapping[str, Any], kind: str) -> str:
    index = metadata.get(f"tokenizer.ggml.{kind}_token_id")
    tokens = metadata.get("tokenizer.ggml.tokens", [])
    if index is None or not 0 <= index < len(tokens):
        return ""
    return str(tokens[index])


def _adds_bos(metadata: Mapping[str, Any]) -> bool:
    """Files that do not say so follow llama.cpp's default: SentencePiece ("llama") yes, byte pairs no."""
    default = metadata.get("tokenizer.ggml.model") == "llama"
    return bool(metadata.get("tokenizer.ggml.add_bos_token", default))
