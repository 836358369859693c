"""A table of texts goes in; what their writers feel about their subjects comes out as a column, with a score."""

from dataclasses import replace
from typing import Any, Unpack

from naze.jobs.mapping import MapJob, MapSettings, TableOptions, map_job, mapped_table
from naze.jobs.questions import Question
from naze.jobs.texts import text_column, texts_language
from naze.prompts import column_template
from naze.tables import open_table

__all__ = ["SENTIMENTS", "sentiment", "sentiment_job"]

SENTIMENTS = {
    "en": {
        "positive": "the writer is pleased, praises or recommends",
        "negative": "the writer is displeased, complains or warns",
        "neutral": "facts or a question without an attitude, or good and bad that balance",
    },
    "ja": {
        "肯定的": "書き手は満足している、ほめている、勧めている",
        "否定的": "書き手は不満である、苦情や警告を述べている",
        "中立": "事実や質問だけで評価がない、または良い点と悪い点が釣り合っている",
    },
}
"""What a model chooses from, with definitions; the column holds the English words."""
VALUES = ("positive", "negative", "neutral")


def sentiment(
    table: Any,  # noqa: ANN401 - a path, or a polars, pandas or Arrow table
    *,
    column: str | None = None,
    add: str = "sentiment",
    **options: Unpack[TableOptions],
) -> Any:  # noqa: ANN401 - the same kind of table
    """Judge the sentiment of every text: positive, negative or neutral, each with its probability.

    Args:
        table: as `naze.map` takes it.
        column: of the texts; None: `text`, or the only column of texts.
        add: the name of the new column.
        options: see `TableOptions`. The template is Japanese where the texts are, unless `settings` names a language.

    Returns:
        As `naze.map`.

    Raises:
        InputError: no such column.
        NazeError: as `naze.map`.
    """
    return mapped_table(sentiment_job(table, column=column, add=add, **options), **options)


def sentiment_job(
    table: Any,  # noqa: ANN401 - a path, or a table of several libraries
    *,
    column: str | None = None,
    add: str = "sentiment",
    **options: Unpack[TableOptions],
) -> MapJob:
    """Lay out what `sentiment` asks."""
    opened = open_table(table)
    texts = text_column(opened, column)
    settings = options.get("settings") or MapSettings()
    language = settings.language or texts_language(opened, texts)
    template = column_template("sentiment", language, texts)
    definitions = SENTIMENTS["ja" if language == "ja" else "en"]
    question = Question(
        add,
        template,
        tuple(definitions),
        definitions,
        values=dict(zip(definitions, VALUES, strict=True)),
        leads=True,
    )
    given: TableOptions = {**options, "settings": replace(settings, language=language)}
    return map_job(opened, [question], **given)
