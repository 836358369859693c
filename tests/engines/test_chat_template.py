"""Prompts are laid out as each model was trained to read them."""

from pathlib import Path

import pytest

from naze.engines.chat_template import ChatTemplate
from naze.errors import ModelFileError, TurnsError
from naze.records import Prompt, Role, Turn

GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    "{{ '<start_of_turn>' + message['role'] + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
"""The template of Gemma 2, without the check that roles alternate."""


def prompt(instruction: str = "Be brief.", subject: str = "The vote.", question: str = "Why?") -> Prompt:
    return Prompt("1", "", instruction, subject, question)


def test_a_model_file_gives_its_own_template(smollm2_path: Path):
    template = ChatTemplate.from_gguf(smollm2_path)
    assert template.system_role_supported
    assert template.eos == "<|im_end|>"
    assert template.render(prompt()) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nThe vote.\n\nWhy?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_gemma_gets_the_instruction_at_the_head_of_the_persons_turn():
    template = ChatTemplate.from_text(GEMMA, bos="<bos>", eos="<eos>", add_bos=True)
    assert not template.system_role_supported
    assert template.render(prompt()) == (
        "<bos><start_of_turn>user\nBe brief.\n\nThe vote.\n\nWhy?<end_of_turn>\n<start_of_turn>model\n"
    )


def test_two_questions_about_one_subject_share_everything_up_to_the_question():
    for template in (ChatTemplate.from_text(GEMMA, bos="<bos>"), ChatTemplate.from_text(None)):
        first, second = (template.render(prompt(question=text)) for text in ("Why?", "How long?"))
        shared = template.render(prompt(question="")).split("The vote.")[0] + "The vote.\n\n"
        assert first.startswith(shared)
        assert second.startswith(shared)


def test_a_template_that_drops_the_instruction_in_silence_counts_as_having_no_system_role():
    drops = "{% for m in messages %}{% if m.role == 'user' %}[{{ m.content }}]{% endif %}{% endfor %}"
    assert ChatTemplate.from_text(drops).render(prompt()) == "[Be brief.\n\nThe vote.\n\nWhy?]"


def test_a_base_model_gets_plain_text_behind_its_first_token(gemma3_path: Path):
    template = ChatTemplate.from_gguf(gemma3_path)
    assert template.text is None
    assert template.render(prompt()) == "<bos>Be brief.\n\nThe vote.\n\nWhy?"


def test_the_first_token_is_not_written_twice():
    assert ChatTemplate.from_text("{{ bos_token }}x", bos="<s>", add_bos=True).render(prompt()) == "<s>x"
    assert ChatTemplate.from_text("x", bos="<s>", add_bos=True).render(prompt()) == "<s>x"
    assert ChatTemplate.from_text("x", bos="<s>").render(prompt()) == "x"


def test_an_empty_instruction_makes_no_turn():
    echo = "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}"
    assert ChatTemplate.from_text(echo).render(prompt(instruction="")) == "user:The vote.\n\nWhy?;"


def test_templates_are_rendered_as_transformers_renders_them():
    text = "{% for m in messages %}\n  {% if loop.index > 1 %}{% break %}{% endif %}\n{{ m | tojson }}{% endfor %}"
    assert (
        ChatTemplate.from_text(text).render(prompt("", "<b>なぜ</b>"))
        == '{"role": "user", "content": "<b>なぜ</b>\\n\\nWhy?"}'
    )
    assert len(ChatTemplate.from_text("{{ strftime_now('%Y') }}").render(prompt())) == 4


def test_a_broken_template_is_named_with_its_line():
    with pytest.raises(ModelFileError, match="line 2: the chat template is broken"):
        ChatTemplate.from_text("a\n{% if %}")


def test_a_template_that_refuses_everything_says_what_it_said():
    template = ChatTemplate.from_text("{{ raise_exception('roles must be odd') }}")
    with pytest.raises(ModelFileError, match="roles must be odd"):
        template.render(prompt())


def test_a_template_cannot_reach_out_of_its_sandbox():
    template = ChatTemplate.from_text("{{ messages.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(ModelFileError, match="unsafe"):
        template.render(prompt())


SAID = (Turn(Role.USER, "Is it big?"), Turn(Role.ASSISTANT, "Yes."))


def talk(*earlier: Turn, instruction: str = "Be brief.", question: str = "Why?") -> Prompt:
    return Prompt("1", "", instruction, "", question, earlier=earlier)


def test_what_was_said_before_stands_between_the_instruction_and_the_last_turn(smollm2_path: Path):
    assert ChatTemplate.from_gguf(smollm2_path).render(talk(*SAID)) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nIs it big?<|im_end|>\n"
        "<|im_start|>assistant\nYes.<|im_end|>\n"
        "<|im_start|>user\nWhy?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_without_a_system_role_the_instruction_heads_the_persons_first_turn():
    template = ChatTemplate.from_text(GEMMA)
    assert template.messages(talk(*SAID)) == [
        {"role": "user", "content": "Be brief.\n\nIs it big?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Why?"},
    ]
    assert template.messages(talk(SAID[1]))[0] == {"role": "user", "content": "Be brief."}


def test_a_conversation_may_end_with_what_was_said_before():
    assert ChatTemplate.from_text(GEMMA).messages(talk(*SAID, instruction="", question="")) == [
        {"role": "user", "content": "Is it big?"},
        {"role": "assistant", "content": "Yes."},
    ]


def test_turns_that_the_template_refuses_are_that_prompts_own_affair():
    with pytest.raises(TurnsError, match=r"refuses the roles \['system', 'user'\].*alternate"):
        ChatTemplate.from_text(GEMMA).render(talk(Turn(Role.SYSTEM, "Be kind."), instruction=""))


def test_a_plain_prompt_goes_to_the_model_as_it_stands():
    template = ChatTemplate.from_text(GEMMA, bos="<bos>", add_bos=True)
    plain = Prompt("1", "", "", "", " Once upon a time\n", plain=True)
    assert template.render(plain) == "<bos> Once upon a time\n"
