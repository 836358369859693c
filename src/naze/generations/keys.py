"""A prompt goes in; the key that its answer is stored under comes out.

Same prompt, same model, same sampling: same key. So the same question is never paid for twice, and a row
that changed is asked again, alone.
"""

import hashlib
import json
from dataclasses import asdict

from naze.records import Prompt, Sampling

KEY_BYTES = 16


class AnswerKeys:
    """Makes the keys of one model with one sampling.

    Args:
        fingerprint: the engine's `Identity.fingerprint`.
        sampling: how the model chooses its words.
    """

    def __init__(self, fingerprint: str, sampling: Sampling) -> None:
        self._sampling = sampling
        self._base = hashlib.blake2b(_framed((fingerprint, _text_of(sampling))), digest_size=KEY_BYTES)

    def key(self, prompt: Prompt) -> bytes:
        """Return the key of a prompt's answer, 16 bytes."""
        digest = self._base.copy()
        digest.update(
            _framed(
                (prompt.instruction, prompt.subject, prompt.question, prompt.schema or "", *prompt.choices)
            )
        )
        own = None if prompt.sampling == self._sampling else prompt.sampling
        if (
            prompt.earlier or prompt.plain or own is not None
        ):  # most prompts have none of these: their keys stay
            digest.update(_framed(("plain" if prompt.plain else "", "" if own is None else _text_of(own))))
            digest.update(_framed(tuple(part for turn in prompt.earlier for part in (turn.role, turn.text))))
        return digest.digest()


def _text_of(sampling: Sampling) -> str:
    return json.dumps(asdict(sampling), sort_keys=True)


def _framed(parts: tuple[str, ...]) -> bytes:
    """Join texts, the lengths of all of them first, so that they cannot run into one another."""
    raw = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"%b;%b" % (b",".join([b"%d" % len(part) for part in raw]), b"".join(raw))
