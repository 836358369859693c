"""What an engine is writing goes in; the first explanation of a run appears line by line, before any is whole."""

from collections.abc import Mapping, Sequence

from naze.engines.working import Working
from naze.generations import BarProgress, JsonProgress
from naze.jobs.explaining import Form, read_explanation
from naze.records import Answer, Vote

__all__ = ["FirstExplanation"]

_MOST_LETTERS = 100
"""Of the prompt, in the line above the explanation."""


class FirstExplanation:
    """A progress that also shows the explanation that is begun first, while it is written.

    Args:
        progress: shows how far the run is.
        votes: that are explained.
        form: that they are explained in.
    """

    def __init__(self, progress: BarProgress | JsonProgress, votes: Sequence[Vote], form: Form) -> None:
        self._progress = progress
        self._votes: Mapping[str, Vote] = {vote.id: vote for vote in votes}
        self._form = form
        self._vote: Vote | None = None
        self._text = ""
        self._lines_shown = 0
        self._over = False

    def start(self, done: int, failed: int, total: int) -> None:
        """Where explanations are there already, none is shown."""
        self._over = done > 0
        self._progress.start(done, failed, total)

    def work(self, working: Working) -> None:
        """Show the lines that are whole by now."""
        self._progress.work(working)
        if self._over or working.prompt is None or not working.text:
            return
        if self._vote is None:
            self._vote = self._votes.get(working.prompt.subject_id)
            self._over = self._vote is None
        if self._vote is not None and working.prompt.subject_id == self._vote.id:
            self._text = working.text
            self._show(working.text, whole=False)

    def advance(self, answer: Answer, rows: int) -> None:
        """Show the rest, once the explanation is whole."""
        if not self._over and self._text and (answer.text or "").startswith(self._text[:40]):
            self._show(answer.text or "", whole=True)
            self._over = True
        self._progress.advance(answer, rows)

    def again(self, answers: int) -> None:
        """Some explanations are asked for once more; by then the first has been shown."""
        self._over = True
        self._progress.again(answers)

    def finish(self) -> None:
        """The sitting is over."""
        self._over = True
        self._progress.finish()

    def _show(self, text: str, *, whole: bool) -> None:
        if self._vote is None:
            return
        explanation = read_explanation(text, self._vote, self._form)
        if explanation is None:
            return
        lines = explanation.lay_out().splitlines()
        ready = lines if whole else lines[: _whole_lines(lines)]
        if ready and self._lines_shown == 0:
            asked = " ".join(" ".join(turn or "" for turn in self._vote.prompt).split())
            self._progress.say(f"\n{self._vote.id}: {asked[:_MOST_LETTERS]}")
        for line in ready[self._lines_shown :]:
            self._progress.say(line)
        if whole:
            self._progress.say("")
        self._lines_shown = max(self._lines_shown, len(ready))


def _whole_lines(lines: Sequence[str]) -> int:
    """Count the lines that nothing more is written into: those before the last one with words of the model."""
    written = [
        place for place, line in enumerate(lines) if line and not line.startswith("## ") and line != "…"
    ]
    return written[-1] if written else 0
