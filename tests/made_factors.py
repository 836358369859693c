"""A folder of factors as a run would leave it, from real votes and explanations; what no test can pay for is made up.

Votes, explanations, reasons and quotes are real (examples/explained.parquet). Names and definitions are
written here, reasons are given to factors by words, and the model's verdicts are drawn with a fixed seed, so that some
factors hold, some do not, one goes the wrong way and some cannot be tested. The tests of them are computed as always.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from naze.factors.about import About, Cost
from naze.factors.extraction import Proposed, propose
from naze.factors.matrix import VerdictMatrix
from naze.factors.naming import Refused
from naze.factors.parts import Parts, divide
from naze.factors.result import Factors, Found, write_factors
from naze.factors.saturation import saturation_curve
from naze.factors.source import read_explained
from naze.factors.validation import validate
from naze.records import Evidence, Factor, Outcome, Winner

EXPLAINED = Path(__file__).parents[1] / "examples" / "explained.parquet"
ATTACK = "</script><script>window.hit=1</script><img src=x onerror=window.hit=1> **bold** | `tick`"


@dataclass(frozen=True)
class Kind:
    """What a factor is called, by which words its reasons are known, and how its made-up verdicts behave."""

    words: str
    en: tuple[str, str]
    ja: tuple[str, str]
    strength: float
    manner: str = "leans"
    """`leans` to what people preferred by `strength`; `always a` or `never applies`."""


KINDS = (
    Kind("detail|詳細|詳しく", ("Level of detail", "The response gives more particulars: figures, steps, names."),
         ("詳しさ", "数値・手順・固有名詞など、より詳しい内容が書かれている。"), 1.5),
    Kind("accura|correct|正確|正しい", ("Accuracy", "What the response states is true and free of errors."),
         ("正確さ", "書かれている内容が事実に合い、誤りがない。"), 1.1),
    Kind("relevan|関連|適切", ("Relevance to the question", "The response keeps to what was asked."),
         ("質問との関連", "質問された内容に沿って答えている。"), 0.45),
    Kind("concise|brief|簡潔|短", ("Conciseness", "The response says what is needed in fewer words."),
         ("簡潔さ", "必要な内容をより少ない言葉で述べている。"), 0.0),
    Kind("clear|明確|わかりやす|分かりやす|理解しやす", ("Clarity", "The response can be understood at first reading."),
         ("わかりやすさ", "一度読めば理解できるように書かれている。"), 0.05),
    Kind("repeat|繰り返|重複", ("Repeats itself", "The response says the same thing again in the same words."),
         ("同じことの繰り返し", "同じ内容を同じ言葉で繰り返している。"), -1.1),
    Kind("helpful|useful|有用|役立|有益",
         ("Helpfulness for the task that the person wants to get done, beyond a literal answer",
         "The response brings the person closer to what they want to do."),
         ("利用者がしたいことへの有用さ(質問に文字どおり答えるだけでなく)", "利用者の目的の達成に役立つ。"), 0.9),
    Kind("creativ|engag|創造|魅力|興味", ("Creativity", "The response has an idea of its own."),
         ("独創性", "独自の発想がある。"), -0.7),
    Kind("structur|organi|format|構成|形式", ("Structure", "The response is ordered: headings, lists, steps."),
         ("構成", "見出し・箇条書き・手順などで整理されている。"), 0.3),
    Kind("specific|example|具体|例", ("Concrete examples", "The response shows what it means by examples."),
         ("具体例", "例を挙げて説明している。"), 0.25, "never applies"),
    Kind("instruct|prompt|input|指示|要求",
         ("Follows the instruction", "The response does what the prompt says, in the form it says."),
         ("指示への忠実さ", "プロンプトの指示した形式・内容で答えている。"), 0.2, "always a"),
    Kind("complet|comprehens|thorough|包括|網羅|全て|すべて",
         ("Completeness", "The response covers every part of what was asked."),
         ("網羅性", "質問のすべての部分に答えている。"), 0.6),
)  # fmt: skip


def make_factors(
    folder: Path,
    outcome: Outcome,
    *,
    language: str = "en",
    table: Path = EXPLAINED,
    holdout: float = 0.5,
    test_limit: int | None = 160,
    copies: int = 1,
    resamples: int = 300,
    seed: int = 7,
) -> Factors:
    """Make a folder of factors. `copies` makes several of each kind, for pages with many."""
    return write_factors(
        folder,
        make_found(
            outcome,
            language,
            table,
            holdout,
            test_limit=test_limit,
            copies=copies,
            resamples=resamples,
            seed=seed,
        ),
    )


def make_found(
    outcome: Outcome,
    language: str,
    table: Path = EXPLAINED,
    holdout: float = 0.5,
    *,
    test_limit: int | None = 160,
    copies: int = 1,
    resamples: int = 300,
    seed: int = 7,
) -> Found:
    """Find, judge and test, as far as that needs no model."""
    explained = read_explained(table)
    parts = divide(explained, outcome, holdout=holdout, test_limit=test_limit, seed=seed)
    proposed = propose(parts.explained)
    kinds = KINDS * copies
    owners = _owners(proposed, kinds, copies)
    factors = _factors(proposed, owners, kinds, outcome, language)
    matrix = _verdicts(parts, kinds, outcome, seed)
    validation = validate(
        matrix, list(parts.judged), outcome=outcome, faults=[one.id for one in factors if one.fault],
        resamples=resamples, permutations=999, seed=seed,
    )  # fmt: skip
    saturation = saturation_curve(
        [reason.vote_id for reason in proposed.reasons], owners, explanation_count=len(parts.explained),
        least_votes=2, seed=seed,
    )  # fmt: skip
    about = _about(parts, proposed, factors, matrix, outcome, language, table, holdout, seed)
    return Found(
        about=_with(
            about, resamples=validation.resamples, permutations=validation.permutations, saturation=saturation
        ),
        factors=factors,
        validation=validation,
        votes=parts.votes,
        explanations=explained.explanations,
        reasons=proposed.reasons,
        reason_factors=tuple(None if owner < 0 else factors[owner].id for owner in owners),
        reason_methods=proposed.methods,
        matrix=matrix,
    )


def _with(about: About, **values: object) -> About:
    return replace(about, **values)


def _owners(proposed: Proposed, kinds: tuple[Kind, ...], copies: int) -> np.ndarray:
    """Give each reason to the first kind whose words it has; copies take turns."""
    base = kinds[: len(kinds) // copies]
    owners = np.full(len(proposed.reasons), -1)
    for place, reason in enumerate(proposed.reasons):
        for number, kind in enumerate(base):
            if re.search(kind.words, reason.text, re.I):
                owners[place] = number + len(base) * (place % copies)
                break
    return owners


def _factors(
    proposed: Proposed, owners: np.ndarray, kinds: tuple[Kind, ...], outcome: Outcome, language: str
) -> tuple[Factor, ...]:
    made = []
    for number, kind in enumerate(kinds):
        members = [proposed.reasons[place] for place in np.flatnonzero(owners == number)]
        name, definition = kind.ja if language == "ja" else kind.en
        made.append(
            Factor(
                id=f"f{number + 1:02}",
                name=name if number < len(KINDS) else f"{name} {number // len(KINDS) + 1}",
                definition=definition,
                outcome=outcome,
                evidence=tuple(Evidence(one.vote_id, one.id, one.quote) for one in members[:50]),
                reason_count=len(members),
                vote_count=len({one.vote_id for one in members}),
                fault=outcome is Outcome.WIN and kind.words.startswith("repeat"),
            )
        )
    return tuple(made)


def _verdicts(parts: Parts, kinds: tuple[Kind, ...], outcome: Outcome, seed: int) -> VerdictMatrix:
    """Draw what a model might have said: it leans to what people preferred, and to the first place a little."""
    random = np.random.default_rng(seed)
    side = np.array([{Winner.A: 1.0, Winner.B: -1.0}.get(vote.winner, 0.0) for vote in parts.judged])
    votes, factors = len(side), len(kinds)
    strength = 0.55 * np.array([kind.strength for kind in kinds])
    wins = outcome is Outcome.WIN
    lean = strength * side[:, None] * wins + random.normal(0, 1.1, (votes, factors))
    tied = 0.0 if wins else 1.3 * strength * (side == 0)[:, None]
    alike = 0.2 + tied + random.normal(0, 0.8, (votes, factors))
    absent = np.where(random.random((votes, factors)) < 0.12, 3.0, -2.0)
    arrays = []
    for sign in (1, -1):
        logits = np.stack([sign * lean + 0.25, -sign * lean - 0.25, alike, absent], axis=2)
        logits += random.normal(0, 0.15, logits.shape)
        arrays.append(np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True))
    for number, kind in enumerate(kinds):
        for array in arrays:
            if kind.manner == "always a":
                array[:, number] = [0.9, 0.04, 0.03, 0.03]
            elif kind.manner == "never applies":
                array[:, number] = [0.05, 0.05, 0.1, 0.8]
    arrays[0][:3, 1] = np.nan
    return VerdictMatrix(
        tuple(vote.id for vote in parts.judged), tuple(f"f{one + 1:02}" for one in range(factors)), *arrays
    )


def _about(
    parts: Parts,
    proposed: Proposed,
    factors: tuple[Factor, ...],
    matrix: VerdictMatrix,
    outcome: Outcome,
    language: str,
    table: Path,
    holdout: float,
    seed: int,
) -> About:
    questions = matrix.shown[:, :, 0].size * 2
    return About(
        outcome=outcome, count=len(factors), language=language, source=f"runs/{table.stem}", source_fingerprint="5f0c" * 16,
        explainer="gpt-4", way="sentences", model="made-up verdicts", engine="none", model_fingerprint="0" * 64,
        embedding_model="words", holdout=holdout, test_source=None, test_limit=160, where=None, seed=seed, alpha=0.05,
        counts={
            "votes": len(parts.votes), "explanations": len(parts.votes), "explained": len(parts.explained),
            "reasons": len(proposed.reasons), "distinct_reasons": len({one.text for one in proposed.reasons}),
            "kinds": len(factors) + 3, "factors": len(factors), "held_out": parts.held_out, "judged": len(parts.judged),
            "verdicts": questions, "unanswered": 3,
        },
        costs={
            "name": Cost("made-up verdicts", len(factors), 9_012, 4_100, 1_230, 41.5),
            "verdicts": Cost("made-up verdicts", questions, 1_804_233, 1_700_021, questions, 3_725.0),
        },
        templates={"name": "name_factor (en) 0a1b2c3d4e5f", "verdicts": "verdict (en) 6a7b8c9d0e1f"},
        versions={"naze": "0.1.0", "python": "3.11.9", "openvino": "2026.4.1"},
        notes=(*parts.notes, "2 kinds were refused because their name says nothing, 1 were named like another"),
        refused=(
            Refused("Overall quality", "says nothing", 41),
            Refused("More details", "same as f01", 12),
            Refused(ATTACK, "beyond --count", 4),
        ),
        created="2026-11-23T09:15:00+00:00", finished="2026-11-23T10:21:30+00:00",
    )  # fmt: skip
