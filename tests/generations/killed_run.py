"""A program for test_kill.py: a run with an engine that takes a moment for each answer, to be killed at any time."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from naze.generations import write_run
from naze.records import FittedPrompt, Prompt
from scripted import MANIFEST, ScriptedEngine


class LoggedEngine(ScriptedEngine):
    """Writes down what it is asked, so that the test sees what was asked twice."""

    log: Path

    def reply(self, prompt):
        with self.log.open("a") as file:
            file.write(f"{prompt.subject_id}\n")
        return super().reply(prompt)


def main() -> None:
    folder, rows, log = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    engine = LoggedEngine(seconds=0.002, together=8)
    engine.log = log

    def source():
        return (
            FittedPrompt(Prompt(f"row {n}", "", "instruction", "subject", f"question {n}"))
            for n in range(rows)
        )

    with write_run(folder, MANIFEST) as run:
        if not run.is_planned_from("1"):
            run.plan(source, "1")
        sys.stdout.write("planned\n")
        sys.stdout.flush()
        run.execute(source, lambda: engine)


if __name__ == "__main__":
    main()
