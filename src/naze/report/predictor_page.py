"""A predictor goes in; one HTML file comes out: how well it predicts, how far to trust it, and what surprised it.

Words and figures stand in the page as they are, in Japanese and English at once, so that it reads without a script.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from naze.errors import ConfigurationError
from naze.factors.resampling import Estimate
from naze.predictions import FitReport, VotePredictor
from naze.predictions.explaining import Mover
from naze.predictions.scores import CLASSES, Bin
from naze.predictions.surprising import SurprisingVote
from naze.report.feature_texts import feature_name
from naze.report.html import embed, page_aside, render_page, whole_characters
from naze.report.numbers import decimal, percent, signed
from naze.report.predictor_texts import GROUPS, NOTE_WORDS
from naze.report.svg import element, figure, linear, text
from naze.report.wording import LANGUAGES, Key, both, say

__all__ = ["write_predictor_page"]

_SIDE = 260.0
_LEFT, _TOP, _BOTTOM = 44.0, 12.0, 40.0
_SHOWN = 700
"""Characters of a text that are open at once."""


def write_predictor_page(
    predictor: VotePredictor, out: str | Path, *, language: str = "en", title: str | None = None
) -> int:
    """Write the page of a fitted predictor.

    Args:
        predictor: fitted, or loaded.
        out: the HTML file.
        language: that the page opens in, `ja` or `en`; a reader can switch.
        title: the heading; None: one made of the figures.

    Returns:
        The number of surprising votes on the page.

    Raises:
        ConfigurationError: a language that the page has no words in.
        StoreError: the file cannot be written.
    """
    if language not in LANGUAGES:
        raise ConfigurationError(f"the page's language is {language!r}; expected {' or '.join(LANGUAGES)}.")
    page = _page(predictor, language, title)
    with page_aside(out) as file:
        file.write(page)
    return len(predictor.surprising_)


def _page(predictor: VotePredictor, language: str, title: str | None) -> str:
    report, votes = predictor.report_, predictor.votes_
    values: dict[str, Any] = {"report": None, "summary": [], "rows": [], "panels": [], "confusion": []}
    if report is not None:
        values = {
            "report": report,
            "summary": _summary(report),
            "rows": _rows(report),
            "panels": [(name, _reliability(report.score.bins[name], name)) for name in CLASSES],
            "confusion": _confusion(report),
            "score_note": both(
                "p_note", votes=report.score.votes, prompts=report.score.prompts, folds=report.folds
            ),
        }
    page = render_page(
        "predictor",
        language=language,
        title=title or say(language, "p_title", votes=votes),
        heading_text=escape(title) if title else both("p_title", votes=votes),
        chosen=_chosen(predictor),
        surprising=[_surprise(one) for one in predictor.surprising_],
        notes=[] if report is None else [_noted(note) for note in report.notes],
        texts=embed({name: {"switch_language": say(name, "switch_language")} for name in LANGUAGES}),
        t=both,
        say=lambda key: say(language, key),
        **values,
    )
    return whole_characters(page)


def _interval(one: Estimate, places: int = 3, *, sign: bool = False) -> str:
    if one.low is None or one.high is None:
        return ""
    shown = signed if sign else decimal
    return f"[{shown(one.low, places)}, {shown(one.high, places)}]"


def _summary(report: FitReport) -> list[Markup]:
    score = report.score
    prior = report.gains["prior"]
    key = "p_better" if prior.low is not None and prior.low > 0 else "p_not_better"
    told = [both(key, gain=decimal(prior.value, 3), interval=_interval(prior))]
    if "length alone" in report.gains:
        length = report.gains["length alone"]
        told.append(
            both("p_than_length", gain=signed(length.value, 3), interval=_interval(length, sign=True))
        )
    win, tie = score["win_auc"], score["tie_auc"]
    # The AUC of decided votes is how often the preferred one of a won and a lost vote is ranked higher.
    right = _decided_right(report)
    told.append(both("p_who", share=percent(right), auc=decimal(win.value), interval=_interval(win, 2)))
    told.append(
        both(
            "p_ties",
            auc=decimal(tie.value),
            interval=_interval(tie, 2),
            recall=percent(score["tie_recall"].value),
        )
    )
    told.append(both("p_sure", error=percent(score["calibration_error"].value)))
    told.append(both("p_limits"))
    return told


def _decided_right(report: FitReport) -> float | None:
    decided = report.happened != 2
    if not decided.any():
        return None
    told = report.out_of_fold[decided]
    return float(((told[:, 0] < told[:, 1]) == (report.happened[decided] == 1)).mean())


def _rows(report: FitReport) -> list[dict[str, Any]]:
    rows = []
    for name, score in (*report.baselines.items(), ("naze", report.score)):
        loss, gain = score["log_loss"], report.gains.get(name)
        rows.append(
            {
                "name": both(f"p_{name}"),
                "own": name == "naze",
                "loss": decimal(loss.value, 4),
                "interval": _interval(loss),
                "gain": "" if gain is None else signed(gain.value, 4),
                "gain_interval": "" if gain is None else _interval(gain, sign=True),
                "win": decimal(score["win_auc"].value, 3),
                "tie": decimal(score["tie_auc"].value, 3),
                "accuracy": percent(score["accuracy"].value),
            }
        )
    return rows


def _reliability(bins: Sequence[Bin], name: str) -> Markup:
    """Draw the bins of one class: predicted across, happened up, the diagonal between."""
    width, height = _LEFT + _SIDE + 12, _TOP + _SIDE + _BOTTOM
    top = 0.1 * max(4, -(-max(max(one.predicted, one.happened) for one in bins) // 0.1))
    x = linear((0, top), (_LEFT, _LEFT + _SIDE))
    y = linear((0, top), (_TOP + _SIDE, _TOP))
    drawn = []
    for step in range(round(top / 0.1) + 1):
        mark = 0.1 * step
        kind = "zero" if step == 0 else "grid"
        drawn.append(element("line", x1=x(0), x2=x(top), y1=y(mark), y2=y(mark), class_=kind))
        if step % 2 == 0:
            drawn.append(text(_LEFT - 6, y(mark) + 4, f"{mark:.0%}", class_="tick", text_anchor="end"))
            drawn.append(text(x(mark), _TOP + _SIDE + 16, f"{mark:.0%}", class_="tick", text_anchor="middle"))
    drawn.append(element("line", x1=x(0), y1=y(0), x2=x(top), y2=y(top), class_="diagonal"))
    drawn += [
        element("circle", cx=x(one.predicted), cy=y(one.happened), r=5.0, class_=f"point {name}")
        for one in bins
    ]
    return figure(width, height, drawn, label=f"reliability-{name}")


def _confusion(report: FitReport) -> list[dict[str, Any]]:
    rows = []
    for name, row in zip(CLASSES, report.score.confusion, strict=True):
        total = max(sum(row), 1)
        cells = [
            {"count": f"{count:,}", "share": percent(count / total), "tint": round(10 * count / total)}
            for count in row
        ]
        loss = report.score[f"loss_{name}"]
        rows.append(
            {"name": name, "cells": cells, "loss": decimal(loss.value, 3), "interval": _interval(loss)}
        )
    return rows


def _chosen(predictor: VotePredictor) -> list[tuple[Markup, Markup]]:
    told = []
    for key, part in (("p_who_wins", predictor.learnt_.win), ("p_is_tie", predictor.learnt_.tie)):
        choices = part.choices
        words = both(
            "p_blend",
            linear=percent(1 - choices.tree_share),
            forest=percent(choices.forest_share),
            boosted=percent(choices.boosted_share),
        )
        calibrated = both("p_calibrated" if choices.calibrated else "p_not_calibrated")
        told.append((both(key), Markup("{}; {}").format(words, calibrated)))
    names = [Key(f"p_group_{name}") if name in GROUPS else name for name in predictor.group_names_]
    told.append((both("p_groups"), both("p_group_names", names=names)))
    extra = predictor.extra_votes_
    told.append((both("p_learnt"), both("p_learnt_value", votes=predictor.votes_, extra=extra)))
    return told


def _noted(note: str) -> Markup:
    """Word a note in every language; one of other words stays as it is."""
    for key, words in NOTE_WORDS.items():
        if found := re.fullmatch(words, note, re.DOTALL):
            return both(key, **found.groupdict())
    return Markup('<span lang="en">{}</span>').format(note)


def _surprise(one: SurprisingVote) -> dict[str, Any]:
    return {
        "vote": one,
        "bars": [
            (name, percent(share), round(100 * share))
            for name, share in zip(CLASSES, one.probabilities, strict=True)
        ],
        "won": both(f"p_won_{one.winner}"),
        "movers": [_moved(mover) for mover in one.movers],
        "texts": [
            (key, body[:_SHOWN], len(body) > _SHOWN, body)
            for key, body in (
                ("prompt", one.prompt),
                ("response_a", one.response_a),
                ("response_b", one.response_b),
            )
        ],
    }


_THAN_USUAL = {
    **{name: f"p_{name}" for name in ("differ_more", "differ_less", "both_more", "both_less")},
    "more": "p_more_usual",
    "less": "p_less_usual",
}


def _moved(mover: Mover) -> Markup:
    """Say what a feature did, in every language."""
    spans = []
    for language in LANGUAGES:
        name = feature_name(language, mover.feature)
        side = None if mover.more_in is None else mover.more_in.upper()
        named = name if side is None else say(language, "p_more_in", name=name, side=side)
        if mover.than_usual is not None:
            named = say(language, _THAN_USUAL[mover.than_usual], name=name)
        told = say(
            language, f"p_moved_{mover.towards}", feature=named, share=percent(math.expm1(mover.log_odds))
        )
        spans.append(f'<span class="t" lang="{language}">{escape(told)}</span>')
    return Markup("".join(spans))
