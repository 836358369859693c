"""Nothing that a model claims of a document is taken on trust."""

import json
from collections import Counter

from naze.jobs.summaries.points import Point, combined_points, part_points

TEXT = "Sales rose by 1,200 units in May. The factory in Nagoya closed. 費用は３割減った。"
SPANS = ((0, 33), (34, 63), (64, len(TEXT)))


def read(*points):
    rejected = Counter()
    answer = json.dumps({"points": [{"sentence": number, "point": text} for number, text in points]})
    return part_points(answer, TEXT, SPANS, rejected), rejected


def test_a_point_keeps_the_place_of_its_sentence():
    found, rejected = read((2, "The Nagoya factory closed."))
    assert [TEXT[slice(*span)] for point in found for span in point.sources] == [
        "The factory in Nagoya closed."
    ]
    assert not rejected


def test_a_sentence_that_does_not_exist_rejects_the_point():
    assert read((9, "The Nagoya factory closed."))[1] == {"missing": 1}
    assert read((0, "The Nagoya factory closed."))[1] == {"missing": 1}


def test_a_point_that_shares_no_word_with_its_sentence_is_rejected():
    assert read((2, "Sales rose."))[1] == {"unsupported": 1}


def test_a_number_that_does_not_stand_there_rejects_the_point():
    assert read((1, "Sales rose by 1,300 units."))[1] == {"numbers": 1}
    assert not read((1, "Sales rose by 1200 units."))[1], "however thousands are written"
    assert not read((3, "費用は3割減った。"))[1], "and in whichever width"


def test_a_heading_says_nothing():
    rejected = Counter()
    answer = json.dumps({"points": [{"sentence": 1, "point": "## どんな表にも"}]})
    assert part_points(answer, "## どんな表にも\n", ((0, 10),), rejected) == []
    assert rejected == {"heading": 1}


def test_the_same_sentence_counts_once():
    assert read((2, "The Nagoya factory closed."), (2, "A factory closed."))[1] == {"repeated": 1}


def test_points_that_are_put_together_keep_all_their_sources():
    points = [
        Point("Sales rose.", (SPANS[0],)),
        Point("Costs fell.", (SPANS[2],)),
        Point("It closed.", (SPANS[1],)),
    ]
    answer = json.dumps({"points": [{"from": [2, 1, 7], "point": "Sales rose while costs fell."}]})
    [found] = combined_points(answer, points, Counter())
    assert found.sources == (SPANS[0], SPANS[2])


def test_a_point_that_rests_on_nothing_is_rejected():
    rejected = Counter()
    points = [Point("Sales rose.", (SPANS[0],))]
    answer = {"points": [{"from": [4], "point": "Sales rose."}, {"from": [1], "point": "Nobody knows."}]}
    assert combined_points(json.dumps(answer), points, rejected) == []
    assert rejected == {"missing": 1, "unsupported": 1}
