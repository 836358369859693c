"""A vote is known again by what it shows."""

from dataclasses import replace

from naze.predictions.contents import content_hashes
from naze.records import Vote, Winner
from naze.votes import swap_sides


def test_id_winner_names_and_spacing_do_not_matter_and_the_rest_does(real_votes):
    vote = real_votes[0]
    spaced = replace(vote, response_a=tuple(f" {turn}\r\n" for turn in vote.response_a))
    renamed = replace(vote, id="other", winner=Winner.A, model_a="x", language=None)
    edited = replace(vote, response_b=(*vote.response_b, "more"))
    one, two, three, four, other = content_hashes([vote, spaced, renamed, swap_sides(vote), edited]).tolist()
    assert one == two == three == four[::-1]
    assert not {*one} & {*other}


def test_texts_do_not_run_into_one_another():
    votes = [Vote("1", ("a",), ("b", "c"), ("d",)), Vote("2", ("a",), ("b",), ("c", "d"))]
    one, other = content_hashes(votes).tolist()
    assert not {*one} & {*other}


def test_votes_of_a_file_share_a_hash_where_they_show_the_same(real_votes):
    shown = {repr((vote.prompt, vote.response_a, vote.response_b)) for vote in real_votes}
    assert len(set(content_hashes(real_votes)[:, 0].tolist())) == len(shown) < len(real_votes)
