"""What a model was asked about a vote lies in a folder of the vote's own."""

from dataclasses import replace

import pytest

from naze.predictions.asking import answers_name


@pytest.mark.parametrize(
    ("vote_id", "plain"),
    [
        ("../../x", "x"),
        ("a/b", "a-b"),
        ("v.1", "v.1"),
        ("問 7", "問-7"),
        ("..", "vote"),
        ("x" * 500, "x" * 60),
    ],
)
def test_any_id_gives_a_readable_name_of_one_part(real_votes, vote_id, plain):
    name = answers_name(replace(real_votes[0], id=vote_id))
    assert name.rpartition("-")[0] == plain and "/" not in name


def test_votes_with_like_ids_or_another_text_have_folders_of_their_own(real_votes):
    vote = replace(real_votes[0], id="v/1")
    others = [vote, replace(vote, id="v-1"), replace(vote, response_a=("other",))]
    assert len({answers_name(one) for one in others}) == 3
