"""What explained votes are, and how they are parted: no prompt stands on both sides."""

from dataclasses import replace

import polars as pl
import pytest

from made_factors import EXPLAINED
from naze.errors import ConfigurationError, InputError, RunError
from naze.factors.parts import choose_votes, divide, votes_to_test
from naze.factors.run import default_folder
from naze.factors.source import read_explained
from naze.records import Outcome, Winner
from naze.tables import copy_rows, open_table
from naze.votes import Votes
from naze.votes.split import normalised_prompt
from scripted import ScriptedEngine, rows, run_all


@pytest.fixture(scope="module")
def explained():
    return read_explained(EXPLAINED)


def test_a_table_with_explanations_is_read(explained):
    assert (len(explained.votes), len(explained.explanations)) == (251, 248)
    assert explained.explanations[0].text and explained.explainer is None
    assert [str(note) for note in explained.notes] == ["3 rows have no explanation"]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_prompt_is_on_both_sides_and_reasons_come_from_the_outcome_alone(explained, outcome):
    parts = divide(explained, outcome, holdout=0.4, test_limit=None, seed=1)
    frame = parts.votes.frame()
    found, held = (
        {normalised_prompt(vote.prompt) for vote in parts.votes if vote.extra["held_out"] is side}
        for side in (False, True)
    )
    assert found and held and not found & held
    used = {one.vote_id for one in parts.explained}
    assert used <= set(frame.filter(~pl.col("held_out"))["id"])
    wanted = (Winner.TIE, Winner.BOTH_BAD) if outcome is Outcome.TIE else (Winner.A, Winner.B)
    assert {one.winner for one in parts.explained} <= set(wanted)
    assert parts.held_out == len(parts.judged) == frame["judged"].sum()


def test_a_limit_draws_by_the_seed_one_vote_of_each_prompt_first_and_is_told(explained):
    one, again, other = (
        divide(explained, Outcome.TIE, holdout=0.4, test_limit=20, seed=seed) for seed in (1, 1, 2)
    )
    assert len(one.judged) == 20
    assert len({normalised_prompt(vote.prompt) for vote in one.judged}) == 20
    assert list(one.judged.frame()["id"]) == list(again.judged.frame()["id"])
    assert list(one.judged.frame()["id"]) != list(other.judged.frame()["id"])
    assert "20 of" in str(one.notes[-1])


def test_further_votes_to_test_on_lose_those_whose_prompt_was_explained(explained):
    some = explained.votes.frame().head(40).with_columns(pl.col("id") + "-copy")
    new = some.head(3).with_columns(
        id=pl.lit("new-") + pl.col("id"), prompt=pl.col("prompt").list.eval(pl.element() + " again")
    )
    test = Votes.from_frame(pl.concat([some, new]))
    parts = divide(explained, Outcome.TIE, test=test, holdout=0.3, test_limit=None, seed=0)
    assert len(parts.judged) == 3
    assert "40 of 43" in " ".join(map(str, parts.notes))
    assert len(parts.explained) == sum(one.winner is Winner.TIE for one in explained.explanations)


def test_votes_to_test_on_come_from_several_files_and_a_condition_chooses_among_them(tmp_path, explained):
    frame = explained.votes.frame()
    files = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    frame.head(60).write_parquet(files[0])
    frame.tail(50).with_columns(colour=pl.lit("red")).write_parquet(files[1])
    assert len(votes_to_test(files[0], None)) == 60
    whole = votes_to_test(files, None)
    assert len(whole) == 110 and str(files[1]) in str(whole.path)
    assert {vote.language for vote in votes_to_test(files, "language = 'ja'")} == {"ja"}
    short = "LENGTH(ARRAY_TO_STRING(response_a, '')) < 300"
    assert all(len("".join(vote.response_a)) < 300 for vote in votes_to_test(files, short))
    assert len(votes_to_test(files, "colour = 'red'")) == 50
    assert votes_to_test(whole, None) is whole and votes_to_test(None, None) is None


def test_a_condition_without_votes_and_files_that_overlap_are_refused(tmp_path, explained):
    file = tmp_path / "one.parquet"
    explained.votes.frame().head(10).write_parquet(file)
    with pytest.raises(ConfigurationError, match=r"--test-where .* there is none"):
        votes_to_test(None, "language = 'ja'")
    with pytest.raises(InputError, match=r"condition 'nonsense = 1' cannot be read"):
        votes_to_test(file, "nonsense = 1")
    with pytest.raises(InputError, match="no vote satisfies"):
        votes_to_test(file, "language = 'xx'")
    with pytest.raises(InputError, match="stands in several of"):
        votes_to_test([file, file], None)


def test_votes_of_one_outcome_are_named(explained):
    decided = choose_votes(explained, "winner <> 'tie'")
    with pytest.raises(InputError, match=r"0 are a tie.*--outcome win"):
        divide(decided, Outcome.TIE, holdout=0.3, test_limit=None, seed=0)


def test_nothing_to_test_on_is_said(explained):
    rows = [row for row, vote in enumerate(explained.votes) if vote.winner is Winner.TIE]
    alone = replace(explained, votes=explained.votes.select(rows[:1]))
    with pytest.raises(InputError):
        divide(alone, Outcome.TIE, holdout=0.3, test_limit=None, seed=0)


def test_a_condition_chooses_votes_and_a_wrong_one_says_what_there_is(explained):
    japanese = choose_votes(explained, "language = 'ja'")
    assert {vote.language for vote in japanese.votes} == {"ja"}
    assert 0 < len(japanese.explanations) <= len(japanese.votes)
    with pytest.raises(InputError, match=r"nonsense.*columns id, prompt"):
        choose_votes(explained, "nonsense = 1")
    with pytest.raises(InputError, match="no vote satisfies"):
        choose_votes(explained, "language = 'xx'")


@pytest.mark.parametrize(
    "condition",
    [
        "list_sum(list_transform(response_a, lambda turn: length(turn))) > 400",
        "winner IS NOT DISTINCT FROM 'tie'",
        "regexp_matches(id, '[02468]$')",
        "id NOT IN (SELECT max(id) FROM given) -- a remark",
    ],
)
def test_a_condition_is_read_as_every_other_command_reads_it(explained, tmp_path, condition):
    copied = tmp_path / "rows.parquet"
    count = copy_rows(open_table(explained.votes.frame()), copied, where=condition, sample=None)
    chosen = choose_votes(explained, condition).votes.frame()["id"].to_list()
    assert 0 < count < len(explained.votes)
    assert chosen == pl.read_parquet(copied)["id"].to_list()


def test_a_wrong_condition_is_told_in_the_words_of_every_other_command(explained, tmp_path):
    table = open_table(explained.votes.frame())
    for condition in ("lnguage = 'ja'", "language =", "language = ja"):
        with pytest.raises(InputError) as here:
            choose_votes(explained, condition)
        with pytest.raises(InputError) as there:
            copy_rows(table, tmp_path / "rows.parquet", where=condition, sample=None)
        assert str(here.value) == str(there.value)
    with pytest.raises(InputError, match="Did you mean 'language'"):
        choose_votes(explained, "lnguage = 'ja'")


def test_numbers_that_a_file_of_votes_holds_as_texts_are_compared_as_numbers(explained):
    frame = explained.votes.frame().with_row_index("row").with_columns(pl.col("row").cast(pl.String))
    numbered = replace(explained, votes=Votes.from_frame(frame))
    assert len(choose_votes(numbered, "row < 20").votes) == 20


@pytest.mark.parametrize(
    "name", ["a + b.parquet", "-dash.parquet", "投票 データ.parquet", "v1.2.parquet", "a + b + c.parquet"]
)
def test_factors_lie_beside_their_source_whatever_it_is_called(tmp_path, explained, name):
    frame = explained.votes.frame()
    frame.head(60).write_parquet(tmp_path / name)
    frame.tail(50).write_parquet(tmp_path / "other.parquet")
    wanted = tmp_path / f"{name.removesuffix('.parquet')}-tie-factors"
    single = read_explained(tmp_path / name)
    assert default_folder(single, Outcome.TIE) == wanted
    both = read_explained([tmp_path / name, tmp_path / "other.parquet"])
    assert default_folder(choose_votes(both, "language = 'en'"), Outcome.TIE) == wanted


def test_factors_of_the_folder_in_which_a_person_stands_lie_beside_it(tmp_path, monkeypatch, explained):
    (tmp_path / "run 1").mkdir()
    monkeypatch.chdir(tmp_path / "run 1")
    assert default_folder(replace(explained, name="."), Outcome.WIN) == tmp_path / "run 1-win-factors"


def test_a_table_without_explanations_says_how_to_name_the_column(tmp_path, explained):
    table = tmp_path / "votes.parquet"
    explained.votes.frame().drop("explanation").write_parquet(table)
    with pytest.raises(InputError, match="--explanation"):
        read_explained(table)
    renamed = tmp_path / "why.parquet"
    explained.votes.frame().rename({"explanation": "why"}).write_parquet(renamed)
    assert len(read_explained(renamed, explanation="why").explanations) == 248


def test_empty_explanations_and_repeated_ids_are_told(tmp_path, explained):
    frame = explained.votes.frame()
    frame.with_columns(explanation=pl.lit(" ")).write_parquet(tmp_path / "empty.parquet")
    with pytest.raises(InputError, match="not one explanation"):
        read_explained(tmp_path / "empty.parquet")
    pl.concat([frame.head(3), frame.head(1)]).write_parquet(tmp_path / "twice.parquet")
    assert "1 rows are kept aside" in str(read_explained(tmp_path / "twice.parquet").notes[-1])


def test_a_run_that_explains_nothing_is_refused(tmp_path):
    run_all(tmp_path / "run", rows(["a", "b"]), ScriptedEngine())
    with pytest.raises(RunError, match="naze explain"):
        read_explained(tmp_path / "run")


def test_several_sources_are_one_and_no_vote_may_be_in_two(tmp_path, explained):
    frame = explained.votes.frame()
    frame.head(100).write_parquet(tmp_path / "one.parquet")
    frame.tail(151).drop("explainer").write_parquet(tmp_path / "two.parquet")
    both = read_explained([tmp_path / "one.parquet", tmp_path / "two.parquet"])
    assert {one.vote_id for one in both.explanations} == {one.vote_id for one in explained.explanations}
    with pytest.raises(InputError, match="is in several of"):
        read_explained([tmp_path / "one.parquet", EXPLAINED])
