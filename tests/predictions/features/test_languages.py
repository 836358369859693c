"""Whether a response is in its prompt's language."""

import numpy as np

from naze.predictions.features.counted import measure_votes
from naze.predictions.features.languages import languages_of, same_language
from naze.records import Vote

GERMAN = "Wie heißt die Hauptstadt von Frankreich, und wie viele Menschen leben dort heute?"
IN_GERMAN = "Die Hauptstadt von Frankreich heißt Paris. Dort leben etwa zwei Millionen Menschen."
IN_ENGLISH = "The capital of France is Paris, and about two million people have their home there."


def test_a_response_in_another_language_is_told_though_the_letters_are_the_same():
    vote = Vote(id="1", prompt=[GERMAN], response_a=[IN_GERMAN], response_b=[IN_ENGLISH])
    [group] = [one for one in measure_votes([vote], ngrams=False).groups if one.name == "language"]
    match = dict(zip(group.odd_names, group.odd[0], strict=True))
    assert match["match with the prompt's script"] > -0.05
    assert match["match with the prompt's language"] == 1.0


def test_many_texts_are_told_apart_in_their_order():
    texts = [
        IN_ENGLISH,
        "パリはフランスの首都で、およそ二百万人の人々が暮らしています。",
        "42",
        "",
        IN_GERMAN,
    ]
    assert languages_of(texts) == ["en", "ja", None, None, "de"]
    assert languages_of([]) == []


def test_what_is_not_known_is_neither_the_same_nor_another():
    told = same_language(["en", "en", None, "ja"], ["en", "de", "en", None])
    np.testing.assert_array_equal(told[:, 0], [1.0, 0.0, 0.5, 0.5])
