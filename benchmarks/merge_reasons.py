"""100,000 explanations become kinds of reasons: cutting, comparing, clustering and the saturation curve, timed.

The explanations are real ones (`explanations.parquet`), drawn with replacement; in each draw one word in eight is
exchanged for a word of another explanation in the same language, so that most of what is drawn is a text that was not
there before. Time inside the embedding model is not counted: it embeds 1,500 real wordings, timed apart, and every
other wording gets the vector of one of these with noise of half its length. Targets: under 5 minutes and 4 GB on 2
cores; each distinct wording asked once. The last line is JSON.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import re
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars

from naze.engines.embeddings import Vectors, open_embedder
from naze.factors.merge import Merged, MergeSettings, merge_reasons
from naze.factors.reasons import split_reasons
from naze.factors.saturation import saturation_curve
from naze.records import Reason, Winner

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "explanations.parquet"
WORD = {"en": re.compile(r"[a-z]{5,}"), "ja": re.compile("[\u4e00-\u9fff]{2,}|[\u30a1-\u30faー]{3,}")}
EXCHANGED = 1 / 8
EMBEDDED = 1_500


class NoisyEmbedder:
    """Gives real vectors for some wordings, and one of these with noise for every other; times itself."""

    address: str | None = None

    def __init__(self, texts: Sequence[str], folder: Path) -> None:
        real = open_embedder(cache=folder / "vectors.sqlite")
        began = time.perf_counter()
        self._vectors = real.embed(texts)
        self.texts_per_second = len(texts) / (time.perf_counter() - began)
        self.identity = f"{real.identity} with noise"
        real.close()
        self._place = {text: number for number, text in enumerate(texts)}
        self.asked: list[str] = []
        self.seconds = 0.0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give a vector for each text, the same for the same text."""
        began = time.perf_counter()
        self.asked += texts
        drawn = [
            self._place[text]
            if text in self._place
            else int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) % len(self._place)
            for text in texts
        ]
        vectors = self._vectors[drawn]
        made = np.array([text not in self._place for text in texts])
        noise = np.random.default_rng(0).standard_normal(vectors.shape, np.float32)
        noise *= (
            0.5 / np.sqrt(vectors.shape[1]) * np.linalg.norm(vectors - vectors.mean(0), axis=1, keepdims=True)
        )
        vectors[made] += noise[made]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self.seconds += time.perf_counter() - began
        return vectors

    def close(self) -> None:
        """Nothing to close."""


def drawn_explanations(count: int) -> list[tuple[str, str, str, Winner | None]]:
    """Draw explanations with replacement and exchange words: (text, language, prompt, winner)."""
    frame = polars.read_parquet(DATA)
    rows = list(
        zip(
            frame["explanation"].to_list(),
            frame["language"].to_list(),
            ("\n".join(turn or "" for turn in turns) for turns in frame["prompt"].to_list()),
            (Winner(verdict) if verdict else None for verdict in frame["verdict"].to_list()),
            strict=True,
        )
    )
    words = {
        language: [word for text, spoken, *_ in rows if spoken == language for word in pattern.findall(text)]
        for language, pattern in WORD.items()
    }
    dice = random.Random(0)
    made = []
    for _ in range(count):
        text, language, prompt, winner = dice.choice(rows)
        other = words[language]
        text = WORD[language].sub(
            lambda found, other=other: dice.choice(other) if dice.random() < EXCHANGED else found[0],  # type: ignore[misc]
            text,
        )
        made.append((text, language, f"{prompt} {dice.randrange(20)}", winner))
    return made


def real_wordings() -> list[str]:
    """Choose wordings of real reasons, as many of each language as there are reasons of it."""
    from naze.factors.wording import wordings

    frame = polars.read_parquet(DATA).sample(1_200, seed=0)
    reasons = [
        reason
        for number, (text, language) in enumerate(frame.select("explanation", "language").iter_rows())
        for reason in split_reasons(str(number), text, language=language)
    ]
    distinct = sorted(set(wordings(reasons)))
    return sorted(random.Random(0).sample(distinct, min(EMBEDDED, len(distinct))))


def chain(
    explanations: list[tuple[str, str, str, Winner | None]], embedder: NoisyEmbedder, count: int
) -> tuple[list[Reason], Merged, dict[str, float]]:
    """Go from explanations to kinds of reasons and the curve, and time the parts."""
    began = time.perf_counter()
    reasons = [
        reason
        for number, (text, language, _, winner) in enumerate(explanations)
        for reason in split_reasons(f"v{number}", text, language=language, winner=winner)
    ]
    split = time.perf_counter()
    prompts = {f"v{number}": prompt for number, (_, _, prompt, _) in enumerate(explanations)}
    merged = merge_reasons(reasons, embedder, MergeSettings(count=count), prompts=prompts)
    together = time.perf_counter()
    saturation_curve(
        [reason.vote_id for reason in reasons],
        merged.assignment,
        explanation_count=len(explanations),
        rare=merged.rare,
    )
    ended = time.perf_counter()
    seconds = {
        "split": split - began,
        "merge": together - split - embedder.seconds,
        "saturation": ended - together,
    }
    return reasons, merged, seconds


def main() -> None:
    """Measure, print, end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--explanations", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=50)
    chosen = parser.parse_args()
    explanations = drawn_explanations(chosen.explanations)
    distinct = len({text for text, *_ in explanations})
    print(f"{len(explanations):,} explanations made, {distinct:,} of them different texts")
    with tempfile.TemporaryDirectory() as scratch:
        embedder = NoisyEmbedder(real_wordings(), Path(scratch))
    reasons, merged, seconds = chain(explanations, embedder, chosen.count)
    whole = sum(seconds.values())
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(", ".join(f"{part} {value:.1f} s" for part, value in seconds.items()) + f", in all {whole:.1f} s")
    print(
        f"{len(reasons):,} reasons, {len({reason.text for reason in reasons}):,} different; {merged.distinct_count:,} "
        f"different wordings asked of the embedding model, {len(embedder.asked) - len(set(embedder.asked))} of them twice"
    )
    print(f"{merged.kind_count} kinds found, {len(merged.kinds)} kept; {'; '.join(merged.notes)}")
    print(
        f"the embedding model itself: {embedder.texts_per_second:.0f} wordings/s here, so "
        f"{merged.distinct_count / embedder.texts_per_second / 60:.0f} minutes for all, once"
    )
    print(f"peak memory {peak_mb:,.0f} MB (target: under 4,096 MB); time (target: under 300 s)")
    record = {
        "benchmark": "merge_reasons",
        "value": round(len(explanations) / whole),
        "unit": "explanations/s",
        "limit_share": round(whole / 300, 3),
        "peak_memory_mb": round(peak_mb),
        "rows": len(explanations),
        "seconds": {part: round(value, 1) for part, value in seconds.items()},
        "reasons": len(reasons),
        "distinct_wordings": merged.distinct_count,
        "embedded_per_second": round(embedder.texts_per_second, 1),
        "machine": f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main()
