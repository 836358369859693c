"""`naze models`: what can answer on this machine, and what could be pulled."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from naze.engines.downloads import say_size
from naze.engines.inventory import Inventory, ListedModel, take_inventory
from naze.engines.speeds import EngineSpeed

app = typer.Typer(help="What can answer on this machine, and what could be pulled.")


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """What can answer on this machine, and what could be pulled."""
    inventory = take_inventory()
    if as_json:
        typer.echo(json.dumps(asdict(inventory), ensure_ascii=False, indent=2))
        return
    typer.echo("\n".join(_describe(inventory)))


def _describe(inventory: Inventory) -> list[str]:
    machine = f"{inventory.processors} cores, {say_size(inventory.memory_bytes)} of memory"
    machine += f", {inventory.accelerator}" if inventory.accelerator else ""
    lines = [f"This machine: {machine}", *_cards(inventory), "", "Models that are here:"]
    lines += _table(inventory.pulled) or ["  none yet. Fetch one: naze pull qwen2.5-coder:1.5b"]
    lines += ["", "Engines:"]
    for engine in inventory.engines:
        lines.append(f"  {engine.name:<10} {'' if engine.usable else 'cannot run: '}{engine.state}")
        lines += [f"             {engine.advice}"] if engine.advice else []
    lines += ["", "Servers that run on this machine:"]
    for server in inventory.servers:
        lines.append(f"  {server.kind} at {server.address}")
        lines += [f"    --model {name}" for name in server.models] or ["    has no model yet"]
    if not inventory.servers:
        lines.append("  none (looked for Ollama, LM Studio, llama-server and vLLM where they usually listen)")
    lines += ["", "Models that could be pulled (naze pull NAME), or any of the hub: hf:owner/repo", ""]
    lines += _table(inventory.available)
    return [*lines, "", f"Pulled models lie in {inventory.models_folder}"]


def _cards(inventory: Inventory) -> list[str]:
    """A line for each graphics card, and what makes use of it."""
    lines = []
    for card in inventory.cards:
        memory = "" if card.memory_bytes is None else f", {say_size(card.memory_bytes)}"
        lines.append(f"Graphics card: {card.name}{memory} ({card.kind})")
    return [*lines, f"  {inventory.card_advice}"] if inventory.card_advice else lines


def _table(listed: tuple[ListedModel, ...]) -> list[str]:
    width = max((len(model.name) for model in listed), default=0)
    lines = []
    for model in listed:
        lines.append(_row(model, width))
        lines += [f"    {speed.engine:<10} {say_speed(speed)}" for speed in model.speeds]
        if model.slots is not None:
            fits = f"{model.slots} prompts at once" if model.slots else "does not fit whole"
            lines.append(f"    on the graphics card: {fits}")
    return lines


def say_speed(speed: EngineSpeed) -> str:
    """Say what was measured in a line: `2,553 tokens/s read, 834 written: 0.63 s an explanation`."""
    read, written = (
        f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
        for rate in (speed.tokens_read_per_second, speed.tokens_written_per_second)
    )
    return f"{read} tokens/s read, {written} written: {speed.seconds_per_explanation:.3g} s an explanation"


def _row(model: ListedModel, width: int) -> str:
    size = "?" if model.size_bytes is None else say_size(model.size_bytes)
    fits = "" if model.fits in (True, None) else "  too large for this machine's memory"
    note = f"  {model.note}" if model.note else ""
    languages = f" [{' '.join(model.languages)}]" if model.languages else ""
    return f"  {model.name:<{width}}  {size:>8}  {model.title}{languages}{fits}{note}"
