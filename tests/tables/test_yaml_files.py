"""YAML is read with fewer surprises than YAML 1.1 has."""

import pytest

from naze.errors import FormatError
from naze.tables import read_yaml


def test_yes_and_no_stay_texts(tmp_path):
    (tmp_path / "a.yaml").write_text("choices: [yes, no, on, off, true, 3]\n")
    assert read_yaml(tmp_path / "a.yaml") == {"choices": ["yes", "no", "on", "off", True, 3]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice"),
        ("a: [1\nb: 2\n", "line 2"),
        ("a: !x 1\n", "line 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, said):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(FormatError, match=said):
        read_yaml(tmp_path / "a.yaml")
