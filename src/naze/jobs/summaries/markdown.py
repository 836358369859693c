"""Summaries go in; a Markdown document comes out, in Japanese or English, with every point's source below it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from naze.jobs.fault_texts import look_twice
from naze.jobs.summaries.points import REJECTIONS
from naze.jobs.summaries.summarize import Summarized
from naze.tables.aside import write_whole

__all__ = ["as_markdown", "write_markdown"]

_WORDS = {
    "en": {
        "language": "en", "title": "Summaries", "document": "Document {}", "line": "line {}", "lines": "lines {} to {}",
        "none": "No summary: {}", "partial": "Incomplete: {}", "rejected": "{} points of the model were rejected: they {}.",
        "parts": "{} parts, {:,} tokens read and written.",
    },
    "ja": {
        "language": "ja", "title": "要約", "document": "文書 {}",
        "line": "{} 行目", "lines": "{}〜{} 行目", "none": "要約なし：{}",
        "partial": "不完全：{}", "rejected": "モデルの挙げた {} 個の点を退けました：{}。",
        "parts": "{} 部分、読み書き {:,} トークン。",
    },
}  # fmt: skip
_REJECTED_JA = {
    "missing": "存在しない文や点の番号",
    "unsupported": "もとの文と共通する語がない",
    "numbers": "もとにない数値",
    "heading": "見出しの繰り返し",
    "repeated": "重複",
}


def as_markdown(found: Summarized) -> Iterator[str]:
    """Write summaries, document by document."""
    words = _WORDS["ja" if found.language == "ja" else "en"]
    yield f"# {words['title']}\n"
    for batch in found.batches():
        for row in batch.iter_rows(named=True):
            yield from _document(row, found.add, words)
    for kind, count in found.rejected.most_common():
        why = _REJECTED_JA[kind] if words is _WORDS["ja"] else REJECTIONS[kind]
        yield f"\n{words['rejected'].format(count, why)}"


def write_markdown(found: Summarized, path: Path) -> None:
    """Write the document aside, then rename it.

    Raises:
        StoreError: the file cannot be written.
    """
    remedy = "Every answer is stored; choose another --out and run the same command again."
    write_whole(path, "\n".join(as_markdown(found)).rstrip() + "\n", remedy=remedy)


def _document(row: dict[str, Any], add: str, words: dict[str, str]) -> Iterator[str]:
    name = next(
        (str(value) for key, value in row.items() if not key.startswith(add) and value is not None), ""
    )
    yield f"\n## {' '.join((name or words['document'].format('')).split())[:120]}\n"
    if not row[f"{add}_points"]:
        yield words["none"].format(row[f"{add}_reason"])
        return
    for number, point in enumerate(row[f"{add}_points"], 1):
        yield f"{number}. {point['point']}"
        for source in point["sources"]:
            line, last = source["line"], source["last_line"]
            place = words["line"].format(line) if line == last else words["lines"].format(line, last)
            yield f"   - {place}: “{' '.join(source['quote'].split())}”"
    if row[f"{add}_marks"]:
        yield f"\n{look_twice(row[f'{add}_marks'], words['language'])}"
    if row[f"{add}_reason"]:
        yield f"\n{words['partial'].format(row[f'{add}_reason'])}"
    yield f"\n{words['parts'].format(row[f'{add}_parts'], row[f'{add}_tokens'])}"
