"""Two factors runs beside each other: what they share, and what differs."""

import json
from dataclasses import replace

import pytest
from scipy.stats import binomtest, chi2_contingency
from typer.testing import CliRunner

from made_factors import KINDS, make_factors
from naze.cli import app
from naze.engines.embeddings import open_embedder
from naze.errors import InputError
from naze.factors import compare_factors
from naze.factors.compare import _difference, _shares
from naze.factors.resampling import Estimate
from naze.records import Outcome


@pytest.fixture(scope="module")
def embedder(tmp_path_factory):
    opened = open_embedder(cache=tmp_path_factory.mktemp("cache") / "vectors.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The same factors, worded in English and in Japanese."""
    place = tmp_path_factory.mktemp("made")
    return {
        language: make_factors(place / language, Outcome.WIN, language=language) for language in ("en", "ja")
    }


def test_a_run_beside_itself_has_nothing_that_differs(made, embedder):
    found = compare_factors(made["en"], made["en"], embedder)
    assert [one.a.id for one in found.matched] == [one.b.id for one in found.matched]
    assert not found.only_a and not found.only_b
    assert all(one.likeness == pytest.approx(1.0, abs=1e-3) for one in found.matched)
    assert all(one.share_difference.value == 0 for one in found.matched)
    assert all(one.share_q is None or one.share_q > 0.9 for one in found.matched)


def test_factors_of_two_languages_are_matched_by_what_they_mean(made, embedder):
    found = compare_factors(made["en"], made["ja"], embedder)
    kinds_en, kinds_ja = {kind.en[0]: kind for kind in KINDS}, {kind.ja[0]: kind for kind in KINDS}
    right = sum(kinds_en[one.a.name] is kinds_ja[one.b.name] for one in found.matched)
    assert len(found.matched) >= 8
    assert right >= 0.8 * len(found.matched)


def test_a_fault_is_never_matched_with_a_virtue(made, embedder):
    turned = replace(
        made["en"], factors=tuple(replace(one, fault=not one.fault) for one in made["en"].factors)
    )
    found = compare_factors(made["en"], turned, embedder)
    assert all(one.a.fault == one.b.fault for one in found.matched)
    assert len(found.matched) < len(made["en"])


def test_shares_are_compared_as_by_a_chi_squared_test():
    (first, second), difference, p_value = _shares((30, 60), (200, 240))
    assert (first, second) == (0.15, 0.25)
    assert p_value == pytest.approx(chi2_contingency([[30, 170], [60, 180]], correction=False).pvalue)
    one, other = (binomtest(*pair).proportion_ci(method="wilson") for pair in ((30, 200), (60, 240)))
    assert difference.low == pytest.approx(0.1 - ((0.25 - other.low) ** 2 + (one.high - 0.15) ** 2) ** 0.5)
    assert difference.high == pytest.approx(0.1 + ((other.high - 0.25) ** 2 + (0.15 - one.low) ** 2) ** 0.5)


def test_shares_that_are_none_or_all_have_an_interval_and_no_test():
    _, difference, p_value = _shares((0, 0), (20, 30))
    assert difference.low < 0 < difference.high
    assert p_value != p_value


def test_figures_without_an_interval_are_not_tested():
    value, p_value = _difference(Estimate(0.2), Estimate(0.5, 0.4, 0.6))
    assert value == Estimate(0.3) and p_value != p_value
    value, p_value = _difference(Estimate(0.2, 0.1, 0.3), Estimate(0.5, 0.4, 0.6))
    assert value.low == pytest.approx(0.3 - 0.1 * 2**0.5) and p_value < 0.001


def test_two_outcomes_are_not_compared(made, embedder, tmp_path):
    ties = make_factors(tmp_path / "tie", Outcome.TIE)
    with pytest.raises(InputError, match="one outcome"):
        compare_factors(made["en"], ties, embedder)


def test_the_command_line_names_what_is_shared(made):
    places = [str(made[language].folder) for language in ("en", "ja")]
    shown = CliRunner().invoke(app, ["factors", "compare", *places])
    assert shown.exit_code == 0 and "Only in A" in shown.output
    told = CliRunner().invoke(app, ["factors", "compare", *places, "--json"])
    assert json.loads(told.stdout)["matched"]
