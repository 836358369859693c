"""Real votes explained by a llama.cpp server on a graphics card: one after another, and in as many slots as naze uses.

Two steps, since the machine with the card may have neither naze nor a network. `--write` lays the prompts of real votes
out as naze does, in an environment that has it, into the file named. Without it the file is read and a running server
asked, with the standard library alone; `gpu.sh` builds that server, starts it and calls this. The last line is JSON.
"""

import argparse
import json
import os
import platform
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

TOKENS = 128


def main() -> None:
    """Write prompts, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompts", type=Path, help="the file of laid-out prompts")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--votes", type=Path, default=Path("examples/votes.csv"))
    parser.add_argument("--model", default="smollm2:135m")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--server", default="http://127.0.0.1:8123")
    parser.add_argument("--slots", type=int, default=32)
    parser.add_argument("--card", default="")
    asked = parser.parse_args()
    if asked.write:
        write_prompts(asked.prompts, asked.votes, asked.model, asked.rows)
        return
    prompts = json.loads(asked.prompts.read_text("utf-8"))
    explain(asked.server, prompts[0])  # the first request warms the card up
    few = prompts[: max(8, len(prompts) // 4)]
    alone = rows_a_minute(asked.server, few, 1)
    together = rows_a_minute(asked.server, prompts, asked.slots)
    record = {
        "benchmark": "gpu_slots",
        "value": round(together, 1),
        "unit": f"votes a minute in {asked.slots} slots, {TOKENS} tokens each",
        "ratios": {"one after another": round(together / alone, 2)},
        "rows": len(prompts),
        "model": asked.model,
        "machine": f"{asked.card}, {platform.machine()}, {os.cpu_count()} cores",
        "date": date.today().isoformat(),
    }
    print(json.dumps(record))


def write_prompts(path: Path, votes: Path, model: str, rows: int) -> None:
    """Lay prompts out with the model's own chat template."""
    import naze
    from naze.engines.openvino_pipeline import OpenVinoPipeline
    from naze.engines.protocol import EngineOptions
    from naze.engines.resolve import resolve
    from naze.prompts import explain_template, vote_prompt

    engine = OpenVinoPipeline.open(resolve(model).model, EngineOptions())
    chosen = [vote for vote in naze.read_votes(votes) if len(str(vote.response_a + vote.response_b)) < 4_000]
    template = explain_template("en")
    texts = [engine.chat_template.render(vote_prompt(template, vote)) for vote in chosen[:rows]]
    texts = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    path.write_text(json.dumps(texts), "utf-8")


def explain(server: str, prompt: str) -> int:
    """Have the server write a fixed number of tokens; return how many it wrote."""
    body = {"prompt": prompt, "n_predict": TOKENS, "temperature": 0, "ignore_eos": True, "cache_prompt": True}
    request = urllib.request.Request(
        f"{server}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=300) as reply:
        return int(json.load(reply)["tokens_predicted"])


def rows_a_minute(server: str, prompts: list[str], slots: int) -> float:
    """Ask with so many requests at once."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(slots) as pool:
        written = list(pool.map(lambda prompt: explain(server, prompt), prompts))
    assert all(count == TOKENS for count in written), written
    return 60 * len(prompts) / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
