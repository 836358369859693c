"""A person's prompt is split so that everything before the question is shared, and no word of it is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naze.errors import TemplateError
from naze.prompts import split_prompt


@pytest.mark.parametrize(
    ("prompt", "subject", "question"),
    [
        ("Is this about delivery? {{text}}", '{{ text | fence("text") }}', "Is this about delivery?"),
        ("次は配送についてですか。{{ 本文 }}", '{{ 本文 | fence("本文") }}', "次は配送についてですか。"),
        ("Review: {{ text }}\n\nIs it about delivery?", "Review: {{ text }}", "Is it about delivery?"),
        ("About delivery?\n\nReview: {{text}}", "Review: {{text}}", "About delivery?"),
        ("About delivery?\n\nReview:\n{{text}}", "Review:\n{{text}}", "About delivery?"),
        ('Read "{{ text }}". Is it good?', 'Read "{{ text }}".', "Is it good?"),
        ("<r>{{text}}</r>\nGood?", "<r>{{text}}</r>", "Good?"),
        ("Compare {{a}} and {{b}}", "{{a}} and {{b}}", "Compare"),
        ("{{ text }}", "", "{{ text }}"),
        ("{{text}} (stars: {{stars}})", "", "{{text}} (stars: {{stars}})"),
        ("Say hi", "", "Say hi"),
    ],
)
def test_the_row_comes_before_the_question(prompt, subject, question):
    split = split_prompt(prompt)
    assert (split.subject, split.question) == (subject, question)


def test_a_block_is_never_cut_apart():
    prompt = "{% if stars %}Rated {{ stars }}.{% endif %} {{ text }} Is it fair?"
    split = split_prompt(prompt)
    assert split.subject == "{% if stars %}Rated {{ stars }}.{% endif %} {{ text }}"
    assert split.question == "Is it fair?"


def test_broken_syntax_names_the_line():
    with pytest.raises(TemplateError, match="line 2"):
        split_prompt("Hm?\n{{ text }")


@given(st.text("ab .?:\n<>/「」。", max_size=30), st.text("ab .?:\n<>/「」。", max_size=30))
def test_no_word_is_lost(before, after):
    split = split_prompt(f"{before}{{{{ text }}}}{after}")
    words = re.findall(r"\w+", before.replace("text", "") + " " + after)
    found = re.findall(r"\w+", re.sub(r"\{\{.*?\}\}", " ", f"{split.subject} {split.question}"))
    assert sorted(found) == sorted(words)
