"""What engines and runs tell of themselves, in English, goes in; Japanese comes out for a page in Japanese.

They tell it where no reader's language is known. What is known is told by its words; what a server or the system says
stands as it is.
"""

import re
from collections.abc import Sequence

from naze.report.texts import TEXTS

__all__ = ["ENGINE", "FAILURES", "told", "told_all"]

_Known = tuple[str, str, str, str]
"""Key, the words that are told by, English, Japanese; the named groups fill the gaps."""

_BUILD = (
    r"; built for any x86 processor \(AVX2 only\), it is slower than one built for yours: put such a llama-server on PATH, "
    r"or set NAZE_LLAMA_SERVER, and it is used instead"
)
_SLOWER = r"on a CPU llama\.cpp answers many prompts two to six times slower than OpenVINO"

ENGINE: tuple[_Known, ...] = (
    (
        "engine_prepared",
        r"The GGUF file runs in OpenVINO as int8, prepared once for this machine\.",
        "The GGUF file runs in OpenVINO as int8, prepared once for this machine.",
        "GGUFファイルをOpenVINOでint8として動かしています（このマシン用に一度だけ変換）",
    ),
    (
        "engine_sent",
        r"every prompt is sent to (?P<to>.+), which is not this machine",
        "every prompt is sent to {to}, which is not this machine",
        "すべてのプロンプトは、このマシンではない{to}に送られます",
    ),
    (
        "engine_estimates",
        r"token counts are estimates on the high side: this server does not say how it counts",
        "token counts are estimates on the high side: this server does not say how it counts",
        "トークン数は多めの見積もりです（サーバーが数え方を公開していません）",
    ),
    (
        "engine_context",
        r"Ollama is asked for a context of (?P<n>[\d,]+) tokens; --context sets it, up to (?P<most>.+)",
        "Ollama is asked for a context of {n} tokens; --context sets it, up to {most}",
        "Ollamaに求めるコンテキストは{n}トークンです（--contextで指定、上限{most}）",
    ),
    (
        "engine_not_pulled",
        r"the form that is fastest here was not pulled: (?P<command>naze pull .+)",
        "the form that is fastest here was not pulled: {command}",
        "このマシンで最も速い形式は取得されていません：{command}",
    ),
    (
        "engine_prebuilt_slow",
        rf"llama\.cpp: the prebuilt one of (?P<build>[^;]+){_BUILD}",
        "llama.cpp: the prebuilt one of {build}; built for any x86 processor (AVX2 only), it is slower than one built for "
        "yours: put such a llama-server on PATH, or set NAZE_LLAMA_SERVER, and it is used instead",
        "llama.cpp：{build}に同梱のもの。どのx86プロセッサーでも動くように作られており（AVX2のみ）、このマシン用に作ったものより"
        "遅くなります。そのllama-serverをPATHに置くか、NAZE_LLAMA_SERVERに指定すると、そちらを使います",
    ),
    (
        "engine_prebuilt",
        r"llama\.cpp: the prebuilt one of (?P<build>[^;]+)",
        "llama.cpp: the prebuilt one of {build}",
        "llama.cpp：{build}に同梱のもの",
    ),
    (
        "engine_accelerated",
        r"llamacpp, because it computes on (?P<card>.+) here",
        "llamacpp, because it computes on {card} here",
        "このマシンでは{card}で計算できるため、llamacppを使います",
    ),
    (
        "engine_no_openvino",
        r"llamacpp, because OpenVINO is not installed here",
        "llamacpp, because OpenVINO is not installed here",
        "OpenVINOが入っていないため、llamacppを使います",
    ),
    (
        "engine_not_loadable",
        r"llamacpp, because OpenVINO cannot load (?P<file>.+?): (?P<why>.+)",
        "llamacpp, because OpenVINO cannot load {file}: {why}",
        "OpenVINOは{file}を読み込めないため、llamacppを使います（{why}）",
    ),
    (
        "engine_slower_still",
        _SLOWER
        + r"; and its prebuilt wheel for Linux x86 is slower still: put a llama-server built here on PATH",
        "on a CPU llama.cpp answers many prompts two to six times slower than OpenVINO; and its prebuilt wheel for Linux x86 "
        "is slower still: put a llama-server built here on PATH",
        "CPUでは、多くのプロンプトに答えるllama.cppの速さはOpenVINOの2分の1から6分の1です。Linux x86用に同梱のものはさらに"
        "遅いため、このマシンで作ったllama-serverをPATHに置いてください",
    ),
    (
        "engine_slower",
        _SLOWER,
        "on a CPU llama.cpp answers many prompts two to six times slower than OpenVINO",
        "CPUでは、多くのプロンプトに答えるllama.cppの速さはOpenVINOの2分の1から6分の1です",
    ),
    (
        "engine_some_server",
        r"an OpenAI-compatible server at (?P<at>\S+)",
        "an OpenAI-compatible server at {at}",
        "{at}のOpenAI互換サーバー",
    ),
    (
        "engine_server",
        r"(?P<kind>llama\.cpp|vLLM|Ollama(?: \S+)?) at (?P<at>\S+)",
        "{kind} at {at}",
        "{at}の{kind}",
    ),
)
"""What engines note of themselves."""

FAILURES: tuple[_Known, ...] = (
    (
        "failure_no_room",
        r"the prompt has (?P<n>[\d,]+) tokens; (?P<room>[\d,]+) fit beside the answer",
        "the prompt has {n} tokens; {room} fit beside the answer",
        "プロンプトは{n}トークンで、回答の分を除いて入るのは{room}トークンまでです",
    ),
    (
        "failure_context",
        r"the prompt has (?P<n>[\d,]+) tokens; the context holds (?P<room>[\d,]+)",
        "the prompt has {n} tokens; the context holds {room}",
        "プロンプトは{n}トークンで、コンテキストは{room}トークンまでです",
    ),
    (
        "failure_does_not_fit",
        r"the prompt does not fit the context",
        "the prompt does not fit the context",
        "プロンプトがコンテキストに入りません",
    ),
    (
        "failure_only_thoughts",
        r"the model wrote nothing but its thoughts; allow more tokens, or switch thinking off in the server",
        "the model wrote nothing but its thoughts; allow more tokens, or switch thinking off in the server",
        "モデルは思考だけを書きました。トークン数の上限を増やすか、サーバーで思考を切ってください",
    ),
    (
        "failure_nothing",
        r"the model wrote nothing",
        "the model wrote nothing",
        "モデルは何も書きませんでした",
    ),
    (
        "failure_died",
        r"the engine died on this prompt alone: (?P<why>.+)",
        "the engine died on this prompt alone: {why}",
        "このプロンプトだけでもエンジンが停止しました（{why}）",
    ),
    (
        "failure_cut",
        r"the text was cut after (?P<n>[\d,]+) tokens and is no whole JSON",
        "the text was cut after {n} tokens and is no whole JSON",
        "文章が{n}トークンで切れ、JSONとして完結していません",
    ),
    (
        "failure_no_json",
        r"the text is no JSON: (?P<why>.+)",
        "the text is no JSON: {why}",
        "文章がJSONではありません（{why}）",
    ),
    (
        "failure_schema",
        r"against the schema at the whole: (?P<why>.+)",
        "against the schema at the whole: {why}",
        "全体がスキーマに合いません（{why}）",
    ),
    (
        "failure_schema_at",
        r"against the schema at (?P<place>\S+): (?P<why>.+)",
        "against the schema at {place}: {why}",
        "{place}がスキーマに合いません（{why}）",
    ),
)
"""Why a row has no answer, in naze's own words."""

_FITS = {"shorten": "短縮する", "route": "長文用モデルに尋ねる", "fail": "尋ねない"}
"""What is done with votes that are longer than the context."""


def told(language: str, text: str) -> str:
    """Word what an engine or a run tells of itself; what is not known stands as it is.

    Example:
        >>> told("ja", "the model wrote nothing")
        'モデルは何も書きませんでした'
        >>> told("ja", "HTTP 500: overloaded"), told("en", "the model wrote nothing")
        ('HTTP 500: overloaded', 'the model wrote nothing')
    """
    if language != "ja":
        return text
    if text in _FITS:
        return _FITS[text]
    for _, known, _, japanese in (*ENGINE, *FAILURES):
        if found := re.fullmatch(known, text.strip(), re.DOTALL):
            return japanese.format(**found.groupdict())
    return text


def told_all(*texts: str) -> dict[str, str]:
    """Word texts, one after the other, in every language that a page has."""
    parts = {"en": _joined(texts, " "), "ja": _joined([told("ja", text) for text in texts], "。")}
    return {language: parts[language] for language in TEXTS}


def _joined(texts: Sequence[str], mark: str) -> str:
    return mark.join(text.strip().rstrip("。") for text in texts)
