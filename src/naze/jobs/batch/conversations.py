"""The messages of a chat request go in; an instruction, earlier turns and a last question come out.

OpenAI's roles `system` and `developer` at the head become the instruction (several are joined by an empty line), the
last message of the person becomes the question, and all between are earlier turns. So the model sees exactly the
roles that the file has, laid out by its own chat template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from naze.jobs.batch.contract import RequestProblem
from naze.records import Role, Turn

__all__ = ["Conversation", "read_messages"]

_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
}
_TOOLS = ("tool", "function")
_WITHOUT_EFFECT = ("refusal", "audio", "tool_calls", "function_call", "annotations", "reasoning_content")
"""Fields that an assistant's message has in a reply, as nulls or empty lists, when it said nothing but text."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said, as a prompt takes it."""

    instruction: str
    earlier: tuple[Turn, ...]
    question: str
    """The person's last turn; "" where the conversation ends with another's."""


def read_messages(messages: object) -> Conversation | RequestProblem:
    """Read the messages of a chat request, or say which of them cannot be asked and why."""
    if not isinstance(messages, list) or not messages:
        return _invalid("messages", messages, "a list of at least one message")
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        found = _read_message(f"messages[{number}]", message)
        if isinstance(found, RequestProblem):
            return found
        turns.append(found)
    heads = next((place for place, turn in enumerate(turns) if turn.role is not Role.SYSTEM), len(turns))
    if heads == len(turns):
        return RequestProblem(
            "messages hold system texts alone; expected a turn of the person.", "messages", "invalid_value"
        )
    instruction = "\n\n".join(turn.text for turn in turns[:heads])
    rest = turns[heads:]
    if rest[-1].role is Role.USER and rest[-1].text:
        return Conversation(instruction, tuple(rest[:-1]), rest[-1].text)
    return Conversation(instruction, tuple(rest), "")


def _read_message(where: str, message: object) -> Turn | RequestProblem:
    if not isinstance(message, Mapping):
        return _invalid(where, message, "an object with role and content")
    role = message.get("role")
    if role in _TOOLS:
        return RequestProblem(
            f"{where}.role is {role!r}; tools are not supported.", f"{where}.role", "unsupported_parameter"
        )
    if not isinstance(role, str) or role not in _ROLES:
        return _invalid(f"{where}.role", role, f"one of {', '.join(_ROLES)}")
    for name, value in message.items():
        if name in ("role", "content") or value in (None, [], ""):
            continue
        word = "unsupported" if name in (*_WITHOUT_EFFECT, "name") else "unknown"
        return RequestProblem(
            f"{where}.{name} is not supported; expected role and content.",
            f"{where}.{name}",
            f"{word}_parameter",
        )
    text = _read_content(f"{where}.content", message.get("content"))
    return text if isinstance(text, RequestProblem) else Turn(_ROLES[role], text)


def _read_content(where: str, content: object) -> str | RequestProblem:
    """Read a text, or a list of parts that are texts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return _invalid(where, content, "a text or a list of parts of text")
    texts: list[str] = []
    for number, part in enumerate(content):
        kind: Any = part.get("type") if isinstance(part, Mapping) else None
        text = part.get("text") if isinstance(part, Mapping) else None
        if kind == "text" and isinstance(text, str):
            texts.append(text)
        elif isinstance(kind, str) and kind != "text":
            place = f"{where}[{number}].type"
            return RequestProblem(
                f"{place} is {kind!r}; only text is read here.", place, "unsupported_parameter"
            )
        else:
            return _invalid(f"{where}[{number}]", part, '{"type": "text", "text": …}')
    return "\n".join(texts)


def _invalid(where: str, value: object, expected: str) -> RequestProblem:
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}…"
    code = "missing_required_parameter" if value is None else "invalid_type"
    return RequestProblem(f"{where} is {shown}; expected {expected}.", where, code)
