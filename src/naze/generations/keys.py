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
        self._base = hashlib.blake2b(digest_size=KEY_BYTES)
        self._add(self._base, fingerprint)
        self._add(self._base, json.dumps(asdict(sampling), sort_keys=True))

    def key(self, prompt: Prompt) -> bytes:
        """Return the key of a prompt's answer, 16 bytes."""
        digest = self._base.copy()
        for part in (
            prompt.instruction,
            prompt.subject,
            prompt.question,
            prompt.schema or "",
            *prompt.choices,
        ):
            self._add(digest, part)
        return digest.digest()

    @staticmethod
    def _add(digest: "hashlib.blake2b", text: str) -> None:
        """Feed a text with its length before it, so that parts cannot run into one another."""
        raw = text.encode("utf-8", errors="surrogatepass")
        digest.update(len(raw).to_bytes(8, "little"))
        digest.update(raw)
