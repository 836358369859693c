"""What an explanation in naze's own form says is taken as it stands, from a run and from its export alike."""

import json

import naze
from naze.factors.extraction import propose
from naze.factors.reasons import stated_reasons
from naze.factors.source import read_explained
from naze.jobs.explain import export_columns
from naze.jobs.explaining import Form, read_explanation
from naze.records import Answer, FinishReason, Vote, Winner

VOTE = Vote("7", ("Capital?",), ("Paris. It is old.",), ("Lyon.",), Winner.A)
WRITTEN = {
    "what the person asked for": "The person asked for the capital.",
    "quote from A": "Paris.",
    "feature of A": "Response A names the right city.",
    "quote from B": "Rome.",
    "feature of B": "Response B names a wrong city.",
    "what decided it": "Response A was chosen because it is correct.",
}


def test_reasons_are_the_statements_the_verified_points_before_others():
    explanation = read_explanation(json.dumps(WRITTEN), VOTE, Form("en"))
    reasons = stated_reasons("7", explanation.statements(), language="en", winner=Winner.A)
    assert [reason.text for reason in reasons] == ["is correct", "names the right city"]
    assert all(reason.quote in explanation.lay_out() for reason in reasons)


def test_where_no_quote_is_verified_all_points_are_taken():
    explanation = read_explanation(json.dumps({**WRITTEN, "quote from A": "Rome."}), VOTE, Form("en"))
    texts = [reason.text for reason in stated_reasons("7", explanation.statements(), language="en")]
    assert texts == ["is correct", "names the right city", "names a wrong city"]


def test_a_run_and_its_export_give_the_same_reasons(tmp_path, monkeypatch):
    from naze import records
    from naze.jobs import asking

    class Writer:
        context_tokens = 4096
        identity = asking.Identity("scripted", "scripted", "1")

        def count_tokens(self, prompts):
            return [100 for _ in prompts]

        def answer(self, prompts, sampling):
            for prompt in prompts:
                text = json.dumps({**WRITTEN, "quote from B": "Lyon."})
                yield (
                    prompt,
                    Answer(
                        records.Status.ANSWERED,
                        text=text,
                        finish_reason=FinishReason.STOP,
                        generated_tokens=9,
                    ),
                )

        def close(self):
            pass

    monkeypatch.setattr(asking, "resolve", lambda *a, **k: asking.Resolution)
    monkeypatch.setattr(asking, "made_worker", lambda model, **_: asking.Worker(model, Writer))
    run = naze.explain([VOTE], "scripted", language="en", out=tmp_path / "run")
    naze.export_run(run, tmp_path / "run.parquet", join=export_columns(run))
    run.close()
    found = [
        propose(read_explained(path).explanations) for path in (tmp_path / "run", tmp_path / "run.parquet")
    ]
    assert [reason.text for reason in found[0].reasons] == [reason.text for reason in found[1].reasons]
    assert len(found[0].reasons) == 3
