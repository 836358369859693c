"""Ratings recover strengths that were planted, and say how sure they are."""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from naze.errors import ConfigurationError, InputError
from naze.predictions import fit_leaderboard
from naze.predictions.leaderboard import SCALE
from naze.predictions.models.ties import davidson, rao_kupper
from naze.records import Vote, Winner
from naze.votes import read_votes, swap_sides

NAMES = ("alpha", "beta", "gamma", "delta")
STRENGTHS = np.array([0.9, 0.3, -0.2, -1.0])
SHARED = Path(__file__).parents[3] / "shared" / "data" / "arena_33k_domains.parquet"


def made(count, rule, constant, *, seed=0, style=0.0, per_prompt=1):
    random = np.random.default_rng(seed)
    votes = []
    for number in range(count):
        a, b = random.choice(4, 2, replace=False)
        sizes = random.integers(5, 200, 2)
        lean = STRENGTHS[a] - STRENGTHS[b] + style * np.log((1 + 4 * sizes[0]) / (1 + 4 * sizes[1]))
        odds = rule(np.array([lean]), constant)[0]
        winner = (Winner.A, Winner.B, Winner.TIE)[random.choice(3, p=odds)]
        texts = [("abc " * size).strip() for size in sizes]
        votes.append(
            Vote(
                str(number),
                (f"q{number // per_prompt}",),
                (texts[0],),
                (texts[1],),
                winner,
                NAMES[a],
                NAMES[b],
            )
        )
    return votes


@pytest.mark.parametrize(
    ("rule", "method", "constant"), [(davidson, "davidson", 0.2), (rao_kupper, "rao-kupper", 0.6)]
)
def test_planted_strengths_and_ties_are_recovered(rule, method, constant):
    found = fit_leaderboard(made(6_000, rule, constant), method=method, intervals="sandwich")
    assert [row.model for row in found.rows] == list(NAMES)
    assert [row.rank for row in found.rows] == [1, 2, 3, 4]
    ratings = np.array([row.rating for row in found.rows])
    np.testing.assert_allclose((ratings - ratings.mean()) / SCALE, STRENGTHS - STRENGTHS.mean(), atol=0.1)
    assert found.tie_constant == pytest.approx(constant, abs=0.1)


def test_exchanging_sides_changes_nothing():
    votes = made(400, davidson, 0.0)
    turned = [swap_sides(vote) if number % 3 else vote for number, vote in enumerate(votes)]
    for method in ("davidson", "rao-kupper", "bradley-terry"):
        one, other = (
            fit_leaderboard(some, method=method, intervals="sandwich").rows for some in (votes, turned)
        )
        np.testing.assert_allclose([row.rating for row in one], [row.rating for row in other], atol=0.05)
        assert [row.wins for row in one] == [row.wins for row in other]


def test_without_ties_bradley_terry_is_logistic_regression():
    votes = [vote for vote in made(900, davidson, -3.0) if vote.winner is not Winner.TIE]
    found = fit_leaderboard(votes, method="bradley-terry", intervals="sandwich")
    design = np.zeros((len(votes), 4))
    for row, vote in enumerate(votes):
        design[row, NAMES.index(vote.model_a)], design[row, NAMES.index(vote.model_b)] = 1, -1
    plain = LogisticRegression(C=1e6, fit_intercept=False, tol=1e-10, max_iter=5_000)
    plain.fit(design, [vote.winner is Winner.A for vote in votes])
    theirs = plain.coef_[0] - plain.coef_[0].mean()
    ours = {row.model: (row.rating - 1_000) / SCALE for row in found.rows}
    np.testing.assert_allclose([ours[name] for name in NAMES], theirs, atol=2e-3)


def test_intervals_hold_as_often_as_they_say_and_both_kinds_agree():
    true = (STRENGTHS - STRENGTHS.mean()) * SCALE + 1_000
    held = []
    for seed in range(60):
        found = fit_leaderboard(made(250, davidson, 0.0, seed=seed), intervals="sandwich")
        held += [row.low <= true[NAMES.index(row.model)] <= row.high for row in found.rows]
    assert 0.9 <= np.mean(held) <= 0.99
    votes = made(250, davidson, 0.0, seed=3)
    one, other = (fit_leaderboard(votes, intervals=kind, resamples=200) for kind in ("sandwich", "bootstrap"))
    wide = [[row.high - row.low for row in board.rows] for board in (one, other)]
    np.testing.assert_allclose(wide[0], wide[1], rtol=0.35)


def test_votes_on_one_prompt_say_less():
    once = fit_leaderboard(made(300, davidson, 0.0), intervals="sandwich").rows[0]
    again = [replace(vote, id=f"{vote.id}-{copy}") for vote in made(300, davidson, 0.0) for copy in range(4)]
    repeated = fit_leaderboard(again, intervals="sandwich").rows[0]
    assert repeated.high - repeated.low == pytest.approx(once.high - once.low, rel=0.05)


def test_style_control_finds_what_length_does():
    votes = made(4_000, davidson, 0.0, style=0.6)
    found = fit_leaderboard(votes, style_control=True, intervals="sandwich")
    assert found.style["characters"].low > 0.2
    assert not fit_leaderboard(votes, intervals="sandwich").style


def test_style_control_takes_away_what_a_model_wins_by_length():
    votes = [
        replace(
            vote,
            **{
                side: (getattr(vote, side)[0] + " more" * 2_000,)
                for side, model in (("response_a", vote.model_a), ("response_b", vote.model_b))
                if model == "delta" and int(vote.id) % 2
            },
        )
        for vote in made(4_000, davidson, 0.0)
    ]
    longer_wins = [
        vote
        if int(vote.id) % 2 == 0
        else replace(vote, winner=Winner.A if vote.model_a == "delta" else Winner.B)
        for vote in votes
        if "delta" in (vote.model_a, vote.model_b) or int(vote.id) % 4
    ]
    plain, controlled = (
        {
            row.model: row.rating
            for row in fit_leaderboard(longer_wins, style_control=one, intervals="sandwich").rows
        }
        for one in (False, True)
    )
    assert controlled["delta"] < plain["delta"] - 50


def test_an_anchor_has_a_thousand_points():
    found = fit_leaderboard(made(500, davidson, 0.0), anchor="gamma", intervals="sandwich")
    [gamma] = [row for row in found.rows if row.model == "gamma"]
    assert gamma.rating == pytest.approx(1_000) and gamma.high - gamma.low < 1e-6


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda vote: replace(vote, model_a=None), "0 of 50 votes name two different models"),
        (lambda vote: replace(vote, model_a="x", model_b="x"), "name two different models"),
        (lambda vote: replace(vote, winner=None), "have a winner"),
    ],
)
def test_votes_that_rate_nobody_are_refused(change, told):
    with pytest.raises(InputError, match=told):
        fit_leaderboard([change(vote) for vote in made(50, davidson, 0.0)])


def test_a_model_that_never_lost_is_named():
    votes = [
        *made(100, davidson, 0.0),
        *(Vote(f"x{n}", ("q",), ("a",), ("b",), Winner.A, "omega", "alpha") for n in range(5)),
    ]
    with pytest.raises(InputError, match=r"omega.* never lost.*--without MODEL"):
        fit_leaderboard(votes)
    rest = fit_leaderboard(votes, without=["omega"], intervals="sandwich")
    assert rest.rows == fit_leaderboard(made(100, davidson, 0.0), intervals="sandwich").rows
    assert rest.skipped == 5
    with pytest.raises(
        ConfigurationError, match=r"'omeg' is to be left out and is in no vote .* mean 'omega'"
    ):
        fit_leaderboard(votes, without=["omeg"])
    with pytest.raises(InputError, match="winner after alpha, beta, gamma were left out"):
        fit_leaderboard(votes, without=["alpha", "beta", "gamma"])


def test_an_unknown_method_or_anchor_is_refused():
    votes = made(60, davidson, 0.0)
    with pytest.raises(ConfigurationError, match="expected davidson, rao-kupper, bradley-terry"):
        fit_leaderboard(votes, method="elo")
    with pytest.raises(ConfigurationError, match="is in no vote"):
        fit_leaderboard(votes, anchor="nobody")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_real_votes_put_gpt_4_first():
    found = fit_leaderboard(read_votes(SHARED), intervals="sandwich")
    assert found.rows[0].model == "gpt-4"
    assert {"vicuna-13b", "gpt-3.5-turbo"} <= {row.model for row in found.rows}
    assert found.frame().height == len(found.rows)


ARENA_RANK = {
    "gpt-4": (1255.73, 1171.44, 1340.01),
    "claude-instant-v1": (1220.51, 1125.08, 1315.93),
    "gpt-3.5-turbo": (1211.11, 1139.96, 1282.27),
    "claude-v1": (1177.86, 1101.54, 1254.18),
    "vicuna-13b": (1113.13, 1051.25, 1175.00),
    "palm-2": (1106.37, 1023.14, 1189.59),
    "koala-13b": (1012.83, 951.77, 1073.89),
    "wizardlm-13b": (1008.24, 895.10, 1121.38),
    "vicuna-7b": (994.04, 891.36, 1096.73),
    "guanaco-33b": (981.72, 817.18, 1146.27),
    "gpt4all-13b-snoozy": (971.65, 809.78, 1133.52),
    "mpt-7b-chat": (954.83, 874.30, 1035.37),
    "RWKV-4-Raven-14B": (950.57, 878.44, 1022.70),
    "chatglm-6b": (922.17, 854.05, 990.28),
    "oasst-pythia-12b": (904.60, 843.07, 966.13),
    "stablelm-tuned-alpha-7b": (889.30, 810.28, 968.32),
    "alpaca-13b": (886.30, 815.14, 957.46),
    "dolly-v2-12b": (875.48, 798.18, 952.77),
    "fastchat-t5-3b": (870.78, 795.81, 945.76),
    "llama-13b": (692.78, 592.05, 793.52),
}  # fmt: skip
"""What arena-rank 0.1.1 gives of arena_33k_domains: benchmarks/leaderboard_peers.py, where it is installed."""


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_bradley_terry_gives_what_arena_rank_gives_on_the_same_votes(monkeypatch, repository):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    peers = importlib.import_module("leaderboard_peers")
    ours = peers.of_naze(read_votes(SHARED))
    apart = peers.largest_differences(ours, ARENA_RANK)
    assert apart["rating"] < 0.1 and apart["interval"] < 1.0
    assert len(peers.table({"naze": ours, "arena-rank": ARENA_RANK}).splitlines()) == 21
    with pytest.raises(ValueError, match=r"rated by one alone: gpt-4$"):
        peers.largest_differences(ours, {name: one for name, one in ARENA_RANK.items() if name != "gpt-4"})
