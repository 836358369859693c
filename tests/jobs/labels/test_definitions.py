"""A labels file is a mapping of names to definitions, or a list of names."""

import pytest

from naze.errors import NazeError
from naze.jobs.labels import read_labels


@pytest.mark.parametrize(
    ("text", "definitions", "question"),
    [
        ("yes: it is\nno:\n", {"yes": "it is", "no": ""}, None),
        ("[good, great]\n", {"good": "", "great": ""}, None),
        (
            "question: Which kind?\nlabels:\n  a: first\n  b: second\n",
            {"a": "first", "b": "second"},
            "Which kind?",
        ),
    ],
)
def test_labels_are_read(tmp_path, text, definitions, question):
    (tmp_path / "labels.yaml").write_text(text)
    labels = read_labels(tmp_path / "labels.yaml")
    assert dict(labels.definitions) == definitions and labels.question == question


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n", "at least two"),
        ("[a, a]\n", "stands twice"),
        ("3\n", "holds no labels"),
        ("a: {b: c}\nd: e\n", "holds no labels"),
        ("labels: [a, b]\nqestion: x\n", "'qestion' stands beside"),
    ],
)
def test_something_else_is_refused_with_the_shape_that_is_expected(tmp_path, text, said):
    (tmp_path / "labels.yaml").write_text(text)
    with pytest.raises(NazeError, match=said):
        read_labels(tmp_path / "labels.yaml")
