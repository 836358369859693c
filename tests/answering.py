"""An engine that answers as a test says, and workers that use it: for chains, cascades and summaries."""

from collections.abc import Callable, Mapping

from naze.engines.protocol import Identity
from naze.jobs.asking import Worker
from naze.records import Answer, FinishReason, Prompt, Status
from scripted import ScriptedEngine


class AnsweringEngine(ScriptedEngine):
    """Answers with what `say` returns: a text, probabilities of the choices, or None for a failure."""

    def __init__(
        self, say: Callable[[Prompt], str | Mapping[str, float] | None], name: str = "scripted"
    ) -> None:
        super().__init__(together=3)
        self.say = say
        self.identity = Identity("scripted", name, f"{name} 1")
        self.prompts: list[Prompt] = []

    def reply(self, prompt: Prompt) -> Answer:
        said = self.say(prompt)
        [tokens] = self.count_tokens([prompt])
        if prompt.subject_id:  # none of the jobs' own trials
            self.prompts.append(prompt)
        if said is None:
            return Answer(Status.ERROR, reason="would not say", prompt_tokens=tokens)
        probabilities = None if isinstance(said, str) else dict(said)
        written = 0 if probabilities else len(str(said).split())
        text = said if probabilities is None else max(probabilities, key=probabilities.__getitem__)
        return Answer(
            Status.ANSWERED,
            text=text,
            probabilities=probabilities,
            choice_mass=None if probabilities is None else 1.0,
            finish_reason=FinishReason.CHOICE if probabilities else FinishReason.STOP,
            prompt_tokens=tokens,
            generated_tokens=written,
            seconds=(tokens + written) / 100,
        )


def workers(**engines: AnsweringEngine):
    """Make workers for models by their names; stands in for `worker_opener`."""

    def make(model, long_model, account):
        long = None if long_model is None else lambda: engines[long_model]
        return Worker(model, lambda: engines[model], long_model=long_model, open_long=long, account=account)

    return make
