"""`naze factors`: find the reasons behind votes, test them, look into them, compare them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from naze.cli.votes import Columns
from naze.engines.protocol import EngineOptions

if TYPE_CHECKING:
    from naze.factors import Factors


class _Group(typer.core.TyperGroup):
    """Takes `naze factors RUN …` as `naze factors find RUN …`."""

    default = "find"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - click's own
        """Put the command in that is meant where none is named."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [self.default, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Group,
    help="Find the reasons behind votes and test each on votes that took no part in finding it.",
    no_args_is_help=True,
)

_Folder = Annotated[Path, typer.Argument(metavar="FACTORS", help="The folder of a factors run.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let votes leave this machine, to the model's server.")
]
_Engine = Annotated[str | None, typer.Option(help="openvino, llamacpp or http; else the best here.")]


@app.command()
def find(
    source: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN", help="A run of `naze explain`, or a table with explanations; or several."
        ),
    ],
    outcome: Annotated[str, typer.Option(help="win: why one was preferred; tie: why neither was.")] = "win",
    count: Annotated[int, typer.Option(min=1, help="Factors wanted.")] = 50,
    out: Annotated[Path | None, typer.Option(help="The folder; the same again continues.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Names and judges; else the model that explained.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Of names and definitions; else as the explanations.")
    ] = None,
    way: Annotated[
        str, typer.Option(help="How reasons are found: sentences, model or 'long context'.")
    ] = "sentences",
    embedding_model: Annotated[
        str | None, typer.Option(help="Compares reasons; a name, hf:owner/repo, a folder or a server.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(help="Only votes that satisfy this: \"language = 'ja'\".")
    ] = None,
    holdout: Annotated[float, typer.Option(help="Share of the votes held out to test on.")] = 0.3,
    test_votes: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="<path>",
            help="Further votes to test on, instead of a part of the explained ones; or several files.",
        ),
    ] = None,
    test_where: Annotated[
        str | None, typer.Option(help="Of those, only votes that satisfy this: \"language = 'ja'\".")
    ] = None,
    test_limit: Annotated[
        int, typer.Option(min=0, help="Held-out votes that the model judges at most; 0: all.")
    ] = 300,
    least_votes: Annotated[
        int | None,
        typer.Option(
            min=1, help="A kind of reasons that fewer votes name is dropped; else 3, fewer in small runs."
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(help="A factor passes where its q-value is at most this.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Decides samples, folds and resamples.")] = 0,
    columns: Columns = None,
    explanation: Annotated[
        str | None, typer.Option(help="For a table: the column with explanations.")
    ] = None,
    engine: _Engine = None,
    context: Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Prompts computed at once.")] = None,
    allow_remote: _AllowRemote = False,
    as_json: _Json = False,
) -> None:
    """Find factors in explained votes: propose, merge, name, judge held-out votes, test. `find` may be left out.

    The run is durable: stop it, kill it, run the same command again, and it goes on; nothing is asked twice.
    """
    from naze.cli.votes import pairs
    from naze.factors import FactorSettings, find_factors
    from naze.generations import choose_progress

    settings = FactorSettings(
        model=model,
        language=language,
        way=_way(way),
        embedding_model=embedding_model,
        holdout=holdout,
        test_votes=test_votes or None,
        test_where=test_where,
        test_limit=test_limit or None,
        where=where,
        columns=pairs("--columns", columns, "prompt=question") or None,
        explanation=explanation,
        least_votes=least_votes,
        alpha=alpha,
        seed=seed,
        engine=engine,
        options=EngineOptions(context_tokens=context, concurrency=concurrency, allow_remote=allow_remote),
    )
    found = find_factors(
        source, outcome, count=count, out=out, settings=settings, progress=choose_progress,
        tell=lambda words: typer.echo(f"{words} …", err=True),
    )  # fmt: skip
    _show(found, "rank", None, as_json=as_json)


@app.command()
def retest(
    folder: _Folder,
    votes: Annotated[
        list[Path], typer.Option(metavar="<path>", help="Further votes with results; or several files.")
    ],
    out: Annotated[
        Path, typer.Option(help="The folder of the factors as tested now; the same again continues.")
    ],
    only: Annotated[
        bool, typer.Option("--only", help="Test on these votes alone; else on those judged before too.")
    ] = False,
    where: Annotated[
        str | None, typer.Option(help="Only votes that satisfy this: \"language = 'ja'\".")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Votes that the model judges at most; 0: all.")] = 300,
    alpha: Annotated[
        float | None, typer.Option(help="A factor passes where its q-value is at most this; else as before.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Judges; else the model that judged before. Another one only with --only."),
    ] = None,
    engine: _Engine = None,
    context: Annotated[int | None, typer.Option(min=64, help="Tokens of prompt and answer.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Prompts computed at once.")] = None,
    allow_remote: _AllowRemote = False,
    as_json: _Json = False,
) -> None:
    """Judge further votes by factors that were found before, and test each factor anew; FACTORS stays as it is."""
    from naze.factors import RetestSettings, retest_factors
    from naze.generations import choose_progress

    settings = RetestSettings(
        only=only, model=model, where=where, limit=limit or None, alpha=alpha, engine=engine,
        options=EngineOptions(context_tokens=context, concurrency=concurrency, allow_remote=allow_remote),
    )  # fmt: skip
    found = retest_factors(
        folder, votes, out=out, settings=settings, progress=choose_progress,
        tell=lambda words: typer.echo(f"{words} …", err=True),
    )  # fmt: skip
    _show(found, "rank", None, as_json=as_json)


@app.command()
def show(
    folder: _Folder,
    sort: Annotated[
        str, typer.Option(help="rank (passed first), named, lift, kappa, accuracy, q, coverage, drop.")
    ] = "rank",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    as_json: _Json = False,
) -> None:
    """Show the table: each factor, how many name it, how it fared on held-out votes, and why it passed or failed."""
    from naze.factors import open_factors

    _show(open_factors(folder), sort, limit, as_json=as_json)


@app.command()
def drill(
    folder: _Folder,
    factor: Annotated[str, typer.Argument(help="The factor's id, or words of its name or definition.")],
    cases: Annotated[int, typer.Option(min=1, help="Cases of each kind.")] = 3,
    analysis: Annotated[
        bool, typer.Option("--analysis/--no-analysis", help="Have the model say what the cases show.")
    ] = True,
    model: Annotated[str | None, typer.Option(help="Analyses; else the model that judged.")] = None,
    engine: _Engine = None,
    allow_remote: _AllowRemote = False,
    as_json: _Json = False,
) -> None:
    """Look into one factor: cases for and against with quotes, where it holds, and what the cases show."""
    from naze.factors import open_factors

    factors = open_factors(folder)
    looked = factors.drill(
        factor,
        most=cases,
        model=(model or factors.about.model) if analysis else None,
        engine=engine,
        options=EngineOptions(allow_remote=allow_remote),
    )
    from naze.cli.factors_page import drill_json, show_drill

    if as_json:
        typer.echo(json.dumps(drill_json(looked), ensure_ascii=False))
    else:
        show_drill(factors, looked)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="FACTORS", help="One factors run.")],
    second: Annotated[
        Path | None, typer.Argument(metavar="FACTORS", help="Another one of the same outcome.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Within one run: model, language, source, length, turns, period, or a column of the votes."
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show what differs: between two runs, or within one (--by) between models, languages, categories, periods."""
    from naze.errors import ConfigurationError

    if (second is None) == (by is None):
        raise ConfigurationError(
            "compare takes two factors runs, or one and --by: naze factors compare A B, or naze factors compare A --by "
            "language."
        )
    if second is None:
        _compare_within(first, str(by), as_json=as_json)
    else:
        _compare_two(first, second, as_json=as_json)


def _compare_within(folder: Path, by: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from naze.cli.factors_page import show_within
    from naze.factors import open_factors

    factors = open_factors(folder)
    found = factors.within(by)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        show_within(factors, found)


def _compare_two(first: Path, second: Path, *, as_json: bool) -> None:
    from dataclasses import asdict

    from naze.cli.factors_page import show_comparison
    from naze.engines.embeddings import open_embedder
    from naze.factors import compare_factors, open_factors

    a, b = open_factors(first), open_factors(second)
    embedder = open_embedder()
    try:
        found = compare_factors(a, b, embedder)
    finally:
        embedder.close()
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        show_comparison(a, b, found)


def _show(factors: "Factors", sort: str, limit: int | None, *, as_json: bool) -> None:
    from naze.cli.factors_page import show_factors, sorted_table

    table = sorted_table(factors, sort)
    table = table if limit is None else table.head(limit)
    if as_json:
        typer.echo(
            json.dumps({"folder": str(factors.folder), "factors": table.to_dicts()}, ensure_ascii=False)
        )
    else:
        show_factors(factors, table)


def _way(name: str) -> Any:  # noqa: ANN401 - of a module that is loaded late
    from naze.errors import ConfigurationError
    from naze.factors import Way

    names = {way.value.replace(" ", "-"): way for way in Way} | {way.value: way for way in Way}
    if name not in names:
        raise ConfigurationError(f"--way is {name!r}; expected {', '.join(way.value for way in Way)}.")
    return names[name]
