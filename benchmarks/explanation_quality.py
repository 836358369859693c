"""How good explanations are, without a judge of taste: the form of today beside the three steps of free text before it.

Both explain the same votes with the same model. Counted are faults that anybody sees (by rules of this script's own, not by
those that naze marks explanations with), quotes that stand in their response, tokens and seconds a vote, and what a blind
reader makes of it: the same model is shown what is said of A and of B, without the result and the reason, and says who won
(AUC against people, on decided votes, both orders averaged). The runs lie in a folder and go on where they were stopped.

python benchmarks/explanation_quality.py --votes examples/votes.csv --language ja --out runs/quality
python benchmarks/explanation_quality.py --votes arena_kaggle.parquet --sample 100 --language en --out runs/quality

The last line is JSON.
"""

import argparse
import json
import platform
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

import naze
from naze.engines import open_engine
from naze.engines.protocol import EngineOptions
from naze.jobs.explain import ExplainedVote, explained_rows, verified_quotes
from naze.records import Prompt, Sampling, Vote, Winner
from naze.votes.proportions import Proportion

TEMPLATES = Path(__file__).parent / "data"
LONGEST = 3_000
"""Characters of prompt and responses together, of the votes that are sampled."""
SEED = 14
CHINESE = set("网罗获这们为说话长书问题时间对于没还")
"""Forms that Japanese does not write."""
READER = (
    "You read what somebody noted about two responses to the same prompt. Say which response a person would prefer. "
    "Answer with one letter."
)


def main() -> None:
    """Explain in both forms, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=Path, default=Path("examples/votes.csv"))
    parser.add_argument(
        "--sample", type=int, help="so many votes of at most 3,000 characters, drawn at random"
    )
    parser.add_argument("--language", default="ja")
    parser.add_argument("--model", default="qwen2.5-coder:1.5b")
    parser.add_argument("--out", type=Path, default=Path("runs/quality"))
    parser.add_argument("--forms", default="form,three_steps")
    asked = parser.parse_args()
    votes = list(naze.read_votes(asked.votes))
    if asked.sample is not None:
        votes = sampled(votes, asked.sample)
    figures = {}
    for form in asked.forms.split(","):
        folder = asked.out / f"{asked.votes.stem}-{len(votes)}-{asked.language}-{form}"
        figures[form] = measure(votes, form, asked.language, asked.model, folder)
        print(json.dumps({form: figures[form]}, ensure_ascii=False), flush=True)
    first, *others = figures.values()
    ratios = {"three_steps, tokens a vote": others[0]["tokens"] / first["tokens"]} if others else {}
    record = {
        "benchmark": "explanation_quality",
        "value": first["any fault"][0],
        "unit": f"share of {len(votes)} explanations with a visible fault ({asked.language})",
        "ratios": {name: round(ratio, 2) for name, ratio in ratios.items()},
        "rows": len(votes),
        "model": asked.model,
        "machine": f"{platform.machine()}, {platform.system()}",
        "date": date.today().isoformat(),
        "forms": figures,
    }
    print(json.dumps(record, ensure_ascii=False))


def sampled(votes: Sequence[Vote], count: int) -> list[Vote]:
    """Draw votes that are not too long, the same every time."""
    usual = [vote for vote in votes if sum(len(turn or "") for turn in all_turns(vote)) <= LONGEST]
    places = np.random.default_rng(SEED).permutation(len(usual))[:count]
    return [usual[place] for place in sorted(places)]


def all_turns(vote: Vote) -> tuple[str | None, ...]:
    """Give everything that was said."""
    return (*vote.prompt, *vote.response_a, *vote.response_b)


def measure(votes: list[Vote], form: str, language: str, model: str, folder: Path) -> dict[str, object]:
    """Explain in one form, and count."""
    own = TEMPLATES / f"three_steps.{language}.j2"
    # the demo of before had this penalty, and naze's form has its own
    settings = (
        naze.ExplainSettings()
        if form == "form"
        else naze.ExplainSettings(template=own, sampling=Sampling(max_tokens=768, repetition_penalty=1.1))
    )
    begun = time.perf_counter()
    run = naze.explain(votes, model, language=language, out=folder, settings=settings)
    seconds = time.perf_counter() - begun
    rows, summary, quotes = list(explained_rows(run)), run.summary(), verified_quotes(run)
    counted = Counter(fault for row in rows for fault in visible_faults(row, language))
    run.close()
    total = len(rows)
    return {
        **{fault: with_interval(counted[fault], total) for fault in FAULTS},
        "any fault": with_interval(counted["any fault"], total),
        "marked by naze": with_interval(summary.faulty, total),
        "asked twice": summary.asked_again,
        "verified quotes": with_interval(quotes.verified, quotes.quotes) if quotes.quotes else None,
        "tokens": round(summary.generated_tokens / total, 1),
        "seconds, this call": round(seconds / total, 2),
        "blind AUC": blind_reader(rows, model),
    }


FAULTS = ("cut off", "looping", "A and B the same", "foreign letters", "copied", "empty")


def visible_faults(row: ExplainedVote, language: str) -> Iterator[str]:
    """Name what anybody sees to be wrong."""
    text, answer = row.text or "", row.answer
    of_a, of_b = halves(row)
    told = (
        re.findall(r"[^\n。]{10,}", (TEMPLATES / f"three_steps.{language}.j2").read_text("utf-8"))
        if row.explanation is None
        else [
            "互いに違うことを書き",
            "JSONの各項目に",
            "must differ from each other",
            "one short sentence in",
        ]
    )
    faults = {
        "empty": not text.strip(),
        "cut off": answer is not None and answer.finish_reason == "length",
        "looping": loops(text),
        "A and B the same": bool(of_a) and bool(of_b) and similar(of_a, of_b),
        "foreign letters": language == "ja" and bool(CHINESE & set(re.sub("「[^」]*」", "", text))),
        "copied": any(
            sentence.strip() in text
            for sentence in told
            if len(sentence.strip()) >= 10 and "{" not in sentence and "#" not in sentence
        ),
    }
    yield from (fault for fault, is_there in faults.items() if is_there)
    if any(faults.values()):
        yield "any fault"


def loops(text: str) -> bool:
    """Tell whether a line stands three times, or much of the text is said before."""
    parts = [part.strip(" -*#.・:：0123456789") for part in re.split(r"[\n。！？!?]+|(?<=[.])\s", text)]
    counted = Counter(part for part in parts if len(part) > 12)
    total = sum(counted.values())
    return max(counted.values(), default=0) >= 3 or (bool(total) and len(counted) / total < 0.7)


def halves(row: ExplainedVote) -> tuple[str, str]:
    """Give what is said of A and of B, without their names and quotes."""
    if row.explanation is not None:
        return tuple(
            re.sub(r"(回答|Response )[AB]", "", " ".join(point.text for point in row.explanation.of(side)))
            for side in ("a", "b")
        )
    text = row.text or ""
    of_a = re.search(r"(?:回答A|Response A)[\s\S]*?(?=(?:###?\s*|\*\*)?(?:回答B|Response B))", text)
    of_b = re.search(
        r"(?:回答B|Response B)[\s\S]*?(?=\n#+\s*3|\n3\.|\Z)", text[of_a.end() :] if of_a else text
    )
    return tuple(re.sub(r"(回答|Response )[AB]|\*", "", part[0]) if part else "" for part in (of_a, of_b))


def similar(one: str, other: str) -> bool:
    """Tell whether two texts have more than four fifths of their pairs of letters in common."""
    pairs = [
        {bare[i : i + 2] for i in range(len(bare) - 1)}
        for bare in (re.sub(r"\W", "", one), re.sub(r"\W", "", other))
    ]
    together = pairs[0] | pairs[1]
    return bool(together) and len(pairs[0] & pairs[1]) / len(together) > 0.8


def with_interval(count: int, total: int) -> list[float | None]:
    """Give a share and its 95 % interval."""
    share = Proportion(count, total)
    return [None if value is None else round(value, 3) for value in (share.share, share.low, share.high)]


def blind_reader(rows: Sequence[ExplainedVote], model: str) -> list[float] | None:
    """Have the model say who won from what is said of A and B alone: AUC against people, with its bootstrap interval."""
    decided = [row for row in rows if row.vote.winner in (Winner.A, Winner.B) and all(halves(row))]
    if len({row.vote.winner for row in decided}) < 2:
        return None
    prompts = []
    for number, row in enumerate(decided):
        notes = halves(row)
        for order in (notes, notes[::-1]):
            subject = f"Response A: {order[0]}\n\nResponse B: {order[1]}"
            prompts.append(
                Prompt(str(number), str(len(prompts)), READER, subject, "Which one?", choices=("A", "B"))
            )
    engine = open_engine(model, EngineOptions())
    asked = {prompt.question_id: answer for prompt, answer in engine.answer(prompts, Sampling(max_tokens=1))}
    engine.close()
    scores = np.array(
        [
            (asked[str(2 * place)].probabilities["A"] + 1 - asked[str(2 * place + 1)].probabilities["A"]) / 2
            for place in range(len(decided))
        ]
    )
    won = np.array([row.vote.winner is Winner.A for row in decided])
    draws = np.random.default_rng(SEED).integers(0, len(won), (2_000, len(won)))
    values = [roc_auc_score(won[draw], scores[draw]) for draw in draws if 0 < won[draw].sum() < len(draw)]
    low, high = np.quantile(values, (0.025, 0.975))
    return [round(float(value), 3) for value in (roc_auc_score(won, scores), low, high)]


if __name__ == "__main__":
    main()
