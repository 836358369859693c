"""Texts of responses and prompts go in; what can be counted in each comes out: one number a text and measure.

Everything here runs in polars over whole columns, without a loop over rows.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from naze.factors.style import MARKDOWN

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COUNTS", "REFUSALS", "SCRIPTS", "SHARES", "measure_texts"]

_ENDS = r"[.!?。！？:：)）\]】」』`>*|\d\p{So}]\s*$"
"""How a text ends that was not cut off."""
_POLITE = r"(?i)^\s*(?:sure|certainly|of course|absolutely|great|here(?:'s| is| are)|はい|もちろん|承知)"
_CODE = r"(?ms)^\s*```.*?(?:^\s*```|\z)"

REFUSALS = (
    r"(?i)\b(?:i(?:'m| am) (?:very |so |really )?(?:sorry|afraid)|i apologi[sz]e|my apologies|i (?:can(?:no|')t|cannot|won't|"
    r"am (?:not able|unable)|'m (?:not able|unable))|as an? (?:ai|artificial intelligence|(?:large )?language model)|"
    r"i do(?:n't| not) have (?:access|the ability|personal)|(?:not|in)appropriate)\b"
    r"|申し訳(?:ありません|ございません|ないですが|ないのですが)|(?:お答え|回答|お手伝い|お応え|提供)(?:することは|は)?(?:でき(?:ません|かねます)|いたしかねます)"
    r"|AI(?:アシスタント|言語モデル)?(?:として|なので|であるため)|言語モデルとして|ご要望に(?:は)?(?:お応え|お答え)でき"
)
"""Ways to refuse or to excuse oneself, in English and Japanese."""

COUNTS: Mapping[str, str] = {
    **MARKDOWN,
    "links": r"https?://",
    "questions": r"[?？]",
    "exclamations": r"[!！]",
    "numbers": r"\d+(?:[.,]\d+)*",
    "quotes": r'["“”「」『』]',
    "parentheses": r"[(（]",
    "colons": r"[:：]",
    "inline_code": r"`[^`\n]+`",
    "formulas": r"\$[^$\n]+\$|\\\(|\\\[|\\frac",
    "emoji": r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}]",
    "refusals": REFUSALS,
    "first_person": r"\b(?:I|I'm|I've|I'd|me|my|we|our)\b|私|僕|我々",
    "second_person": r"(?i)\b(?:you|your)\b|あなた|君",
    "hedges": r"(?i)\b(?:may|might|perhaps|possibly|generally|typically|however|but|although)\b"
    r"|かもしれ|一般的|ただし|しかし|おそらく",
    "reasons": r"(?i)\b(?:because|therefore|since|thus|so that|due to)\b|なぜなら|ため|したがって|よって",
    "examples": r"(?i)\b(?:for example|for instance|e\.g\.|such as|example)\b|例えば|たとえば|例として|など",
    "closings": r"(?i)\b(?:in (?:summary|conclusion)|overall|to summari[sz]e|i hope (?:this|that)|let me know|feel free)\b"
    r"|まとめ|以上|お気軽に",
}  # fmt: skip
"""What is counted in a text."""

SCRIPTS: Mapping[str, str] = {
    "latin": r"\p{Latin}",
    "kana": r"[\p{Hiragana}\p{Katakana}]",
    "han": r"\p{Han}",
    "cyrillic": r"\p{Cyrillic}",
    "other_script": r"[\p{L}--[\p{Latin}\p{Hiragana}\p{Katakana}\p{Han}\p{Cyrillic}]]",
}
"""Writing systems, whose shares of the letters tell languages apart without a model."""

SHARES: Mapping[str, str] = {
    "upper": r"\p{Lu}",
    "digits": r"\d",
    "punctuation": r"\p{P}",
    "spaces": r"\s",
    **SCRIPTS,
}
"""Kinds of characters, of which the share of all characters is taken."""


def measure_texts(texts: Sequence[str]) -> "pl.DataFrame":
    """Count and share out each text.

    Args:
        texts: one string a row.

    Returns:
        One row a text: `characters`, `words`, `sentences`, `lines`, `paragraphs`, the counts of `COUNTS` (marks of markdown
        outside code blocks), the shares of `SHARES` (0 to 1), `word_length`, `code_share`, `unique_words`,
        `unique_lines` (shares, 1 where nothing repeats), `unfinished`, `opens_politely`, `empty` (0 or 1).
    """
    import polars as pl

    text = pl.col("text")
    outside = pl.col("outside")
    frame = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}).with_columns(
        text.str.replace_all(_CODE, "\n").alias("outside")
    )
    size = text.str.len_chars()
    words = text.str.extract_all(r"[\p{L}\p{N}]+")
    # A run of Japanese or Chinese letters is one "word" of the pattern; two characters of it are about one word.
    wide = text.str.count_matches(r"[\p{Hiragana}\p{Katakana}\p{Han}]")
    columns = [
        size.alias("characters"),
        (text.str.count_matches(r"[\p{L}\p{N}&&[^\p{Hiragana}\p{Katakana}\p{Han}]]+") + wide / 2).alias("words"),
        text.str.count_matches(r"""[.!?]+(?:\s|$|[”")\]])|[。！？]+""").alias("sentences"),
        (text.str.count_matches("\n") + 1).alias("lines"),
        (text.str.count_matches(r"\n\s*\n") + 1).alias("paragraphs"),
        *(
            (text if name in ("code_blocks", "refusals") else outside).str.count_matches(pattern).alias(name)
            for name, pattern in COUNTS.items()
        ),
        *((text.str.count_matches(pattern) / size.clip(1)).alias(name) for name, pattern in SHARES.items()),
        words.list.eval(pl.element().str.len_chars()).list.mean().fill_null(0).alias("word_length"),
        (1 - outside.str.len_chars() / size.clip(1)).clip(0, 1).alias("code_share"),
        (words.list.n_unique() / words.list.len().clip(1)).alias("unique_words"),
        _unique_lines(text).alias("unique_lines"),
        (~text.str.contains(_ENDS) & (size > 0)).alias("unfinished"),
        text.str.contains(_POLITE).alias("opens_politely"),
        (text.str.strip_chars() == "").alias("empty"),
    ]  # fmt: skip
    measured = frame.select(columns).cast(pl.Float64)
    return measured.with_columns(
        pl.when(pl.col("characters") > 0).then(pl.col("unique_words")).otherwise(1.0),
        (pl.col("code_blocks") / 2).ceil(),
    )


def _unique_lines(text: "pl.Expr") -> "pl.Expr":
    import polars as pl

    lines = text.str.split("\n").list.eval(pl.element().filter(pl.element().str.len_chars() > 20))
    return pl.when(lines.list.len() > 0).then(lines.list.n_unique() / lines.list.len()).otherwise(1.0)
