"""What is wrong with an explanation is marked, and it is asked for in another way."""

import json
from dataclasses import replace

import pytest

from naze.jobs.checking import TextCheck
from naze.jobs.explaining.checking import FormCheck, speaks_for_loser
from naze.jobs.explaining.form import Form, Length
from naze.prompts import explain_template, parse_template, vote_prompt
from naze.records import Answer, FinishReason, FittedPrompt, Sampling, Status, Vote, Winner

ENGLISH = Vote(
    "1",
    ("What is the capital of France?",),
    ("Paris. It lies on the Seine.",),
    ("It is Lyon, I think.",),
    Winner.A,
)
JAPANESE = Vote(
    "1", ("フランスの首都は?",), ("パリです。セーヌ川にあります。",), ("リヨンだと思います。",), Winner.A
)
GOOD_ENGLISH = {
    "asked": "The person asked for the capital of France.",
    "quote_a": "Paris.",
    "point_a": "Response A names Paris and where it lies.",
    "quote_b": "It is Lyon, I think.",
    "point_b": "Response B guesses another city.",
    "reason": "Response A was chosen because it names the right city.",
}
GOOD_JAPANESE = {
    "asked": "質問者はフランスの首都を知りたがっています。",
    "quote_a": "パリです。",
    "point_a": "回答Aはパリと川の名前を挙げています。",
    "quote_b": "リヨンだと思います。",
    "point_b": "回答Bは別の都市を推測しています。",
    "reason": "回答Aのほうが正しい都市を断言しているためです。",
}
SAMPLING = Sampling(320, repetition_penalty=1.08)


def form_check(language, length=Length.SHORT):
    return FormCheck(Form(language, length), explain_template(language), SAMPLING)


def row(vote, language):
    form = Form(language)
    prompt = replace(vote_prompt(explain_template(language), vote), schema=form.schema(vote))
    return FittedPrompt(prompt, about=vote)


def written(language, **changes):
    fields = {**(GOOD_JAPANESE if language == "ja" else GOOD_ENGLISH), **changes}
    return json.dumps({Form(language).keys[name]: text for name, text in fields.items()}, ensure_ascii=False)


def looked_at(language, text, vote=None, finish=FinishReason.STOP, status=Status.ANSWERED):
    vote = vote or (JAPANESE if language == "ja" else ENGLISH)
    reason = None if status is Status.ANSWERED else "no whole JSON"
    answer = Answer(status, text=text, reason=reason, finish_reason=finish)
    return form_check(language).look(row(vote, language), answer)


def marks(language, vote=None, **changes):
    return looked_at(language, written(language, **changes), vote).marks


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_good_explanation_has_no_mark(language):
    assert marks(language) == ()


@pytest.mark.parametrize(
    ("language", "changes", "mark"),
    [
        ("en", {"point_b": "Response B names Paris and where it lies."}, "alike"),
        ("ja", {"point_b": "回答Bはパリと川の名前を挙げています。"}, "alike"),
        ("en", {"reason": "Response A was chosen because it very very very very very good."}, "looping"),
        ("ja", {"reason": "回答Aのほうが正しく正しく正しく正しく正しいです。"}, "looping"),
        ("ja", {"point_a": "回答AはParis and where it lies on the map。"}, "language"),
        ("ja", {"point_a": "回答Aは这个都市を挙げています。"}, "letters"),
        ("en", {"reason": "Response A was chosen because response B is more accurate."}, "against_winner"),
        ("ja", {"reason": "回答Aのほうが回答Bのほうが詳しいためです。"}, "against_winner"),
        ("en", {"reason": "Response A was chosen because it was preferred by most people."}, "says_nothing"),
        ("ja", {"reason": "回答Aのほうが選ばれたためです。"}, "says_nothing"),
        ("en", {"quote_a": "Rome.", "quote_b": "Berlin."}, "unverified"),
        ("ja", {"quote_a": "ローマです。", "quote_b": "ベルリンです。"}, "unverified"),
        ("en", {"reason": "Response A was chosen because it"}, None),
    ],
)
def test_each_fault_has_its_mark_and_no_other(language, changes, mark):
    assert marks(language, **changes) == ((mark,) if mark else ("says_nothing",))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_words_of_the_question_are_marked(language):
    asked = vote_prompt(explain_template(language), JAPANESE if language == "ja" else ENGLISH).question
    longest = max(asked.splitlines(), key=len)
    assert "copied" in marks(language, point_b=longest)


def test_one_wrong_quote_marks_its_point_alone():
    assert marks("en", quote_a="Rome.") == ()


def test_marks_stand_in_a_fixed_order_each_once():
    found = marks(
        "en",
        point_a="Response A 说明 the the the the the the city.",
        point_b="Response B 说明 the the the the the the city.",
    )
    assert found == ("looping", "alike", "letters")


def test_a_tie_is_not_looked_at_for_its_loser():
    tie = replace(ENGLISH, winner=Winner.TIE)
    fields = {name: GOOD_ENGLISH[name] for name in ("asked", "quote_a", "quote_b")} | {
        "shared": "Both responses name a city in France.",
        "reason_tie": "Both name a city, so that response B is preferred as often.",
    }
    text = json.dumps({Form("en").keys[name]: said for name, said in fields.items()})
    assert looked_at("en", text, tie).marks == ()


def test_what_was_cut_off_counts_as_far_as_it_goes():
    text = written("en")
    cut = looked_at("en", text[: text.index("guesses")], finish=FinishReason.LENGTH, status=Status.INVALID)
    assert (cut.status, cut.reason) == (Status.ANSWERED, None)
    assert cut.marks == ("cut_off",)
    assert cut.text == text[: text.index("guesses")], "the text stays as it was written"


@pytest.mark.parametrize("text", ["", "{", "It is better."])
def test_what_is_no_explanation_at_all_stays_invalid(text):
    answer = looked_at("en", text, status=Status.INVALID)
    assert (answer.status, answer.marks) == (Status.INVALID, ("cut_off",))


def test_the_second_prompt_says_what_was_wrong_and_is_the_first_one_otherwise():
    check, planned = form_check("en"), row(ENGLISH, "en")
    second = check.again(planned, Answer(Status.ANSWERED, text="x", marks=("says_nothing", "looping")))
    first = planned.prompt
    assert (second.instruction, second.subject, second.schema) == (
        first.instruction, first.subject, first.schema,
    )  # fmt: skip
    added = second.question.removeprefix(first.question).strip().splitlines()
    assert len(added) == 2 and second.question.startswith(first.question)
    assert second.sampling.repetition_penalty > SAMPLING.repetition_penalty
    assert replace(second.sampling, repetition_penalty=1.08) == SAMPLING


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("length", list(Length))
def test_where_both_were_alike_the_second_is_asked_for_as_a_contrast(language, length):
    check = form_check(language, length)
    vote = JAPANESE if language == "ja" else ENGLISH
    planned = FittedPrompt(replace(row(vote, language).prompt, schema=check.form.schema(vote)), about=vote)
    second = check.again(planned, Answer(Status.ANSWERED, text="x", marks=("alike",)))
    assert second.schema == check.form.as_contrast(planned.prompt.schema) != planned.prompt.schema


@pytest.mark.parametrize("language", ["en", "ja", "de"])
@pytest.mark.parametrize("mark", [
    "looping", "alike", "cut_off", "language", "letters", "copied", "against_winner", "says_nothing", "unverified",
])  # fmt: skip
def test_every_mark_has_words_for_the_second_way(language, mark):
    planned = row(ENGLISH, language)
    second = form_check(language).again(planned, Answer(Status.ANSWERED, text="x", marks=(mark,)))
    added = second.question.removeprefix(planned.prompt.question)
    assert added.strip() and "{" not in added


@pytest.mark.parametrize(
    ("reason", "winner", "language", "does"),
    [
        ("Response A was chosen because response B is more detailed.", Winner.A, "en", True),
        ("Response B was chosen because it gives a completely wrong answer.", Winner.B, "en", True),
        ("People preferred response A for its humour.", Winner.B, "en", True),
        ("Response A was chosen because it avoids incorrect claims.", Winner.A, "en", False),
        ("Response A was chosen because it has no irrelevant details.", Winner.A, "en", False),
        ("Response A was chosen because it corrects the wrong date.", Winner.A, "en", False),
        ("Response A was chosen because it is brief, while response B is more verbose.", Winner.A, "en", False),
        ("回答Bのほうが詳しいです。", Winner.A, "ja", True),
        ("回答Aのほうが誤りを含んでいます。", Winner.A, "ja", True),
        ("回答Aは間違った説明をしています。", Winner.A, "ja", True),
        ("回答Aのほうが間違いがなく、正確です。", Winner.A, "ja", False),
        ("回答Aのほうが誤りを訂正しています。", Winner.A, "ja", False),
        ("回答Aのほうが不正確ではない説明です。", Winner.A, "ja", False),
        ("Antwort B ist besser.", Winner.A, "de", False),
    ],
)  # fmt: skip
def test_a_reason_that_speaks_for_the_loser_is_told_from_one_that_does_not(reason, winner, language, does):
    assert speaks_for_loser(reason, winner, language) is does


OWN = parse_template(
    "{% block instruction %}Write in {{ answer_language }}.{% endblock %}"
    "{% block subject %}{{ response_a[0] }}{% endblock %}{% block question %}Why?{% endblock %}",
    "own.j2",
    "en",
)


@pytest.mark.parametrize(
    ("text", "finish", "expected"),
    [
        ("Response A is right and short.", FinishReason.STOP, ()),
        ("It is right", FinishReason.LENGTH, ("cut_off",)),
        ("It is good, it is good, it is good, it is good", FinishReason.LENGTH, ("looping", "cut_off")),
        ("回答Aは正しく、回答Bは間違っています。", FinishReason.STOP, ("language", "letters")),
        ("```python\n        return a + b\n```", FinishReason.STOP, ()),
    ],
)
def test_a_free_text_is_looked_at_for_what_anybody_sees(text, finish, expected):
    planned = FittedPrompt(vote_prompt(OWN, ENGLISH), about=ENGLISH)
    check = TextCheck(OWN, SAMPLING)
    looked = check.look(planned, Answer(Status.ANSWERED, text=text, finish_reason=finish))
    assert looked.marks == expected and looked.status is Status.ANSWERED
    second = check.again(planned, looked)
    assert replace(second, sampling=None) == planned.prompt, "a person's own words stay as they are"
    assert second.sampling.repetition_penalty > SAMPLING.repetition_penalty
