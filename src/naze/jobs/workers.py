"""Names of models go in; workers come out, such that one model at a time is held in memory."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from naze.engines.protocol import EngineOptions
from naze.generations import Account
from naze.jobs.asking import Worker, made_worker

__all__ = ["OpenWorker", "Workers", "worker_opener"]


class OpenWorker(Protocol):
    """Makes a worker; its model is opened when it is first needed."""

    def __call__(self, model: str, long_model: str | None, account: Account | None) -> Worker:
        """Make it."""
        ...


def worker_opener(
    engine: str | None = None, options: EngineOptions | None = None, begun: Path | None = None
) -> OpenWorker:
    """Make workers as the person wants engines to run.

    Args:
        engine: a registered engine; None: the best here.
        options: how it runs.
        begun: the folder of the job, whose runs keep their engine.
    """

    def make(model: str, long_model: str | None, account: Account | None) -> Worker:
        return made_worker(
            model, engine=engine, options=options, long_model=long_model, account=account, begun=begun
        )

    return make


class Workers:
    """The models of a job that needs several.

    Args:
        make: makes a worker.
        account: what all of them may spend together; None: no budget.
    """

    def __init__(self, make: OpenWorker, account: Account | None = None) -> None:
        self._make = make
        self._account = account
        self._made: dict[tuple[str, str | None], Worker] = {}

    def take(self, model: str, long_model: str | None = None) -> Worker:
        """Return the worker for a model; every other model leaves the memory."""
        wanted = model, long_model
        for name, worker in self._made.items():
            if name != wanted:
                worker.close()
        if wanted not in self._made:
            self._made[wanted] = self._make(model, long_model, self._account)
        return self._made[wanted]

    def close(self) -> None:
        """Free all of them."""
        for worker in self._made.values():
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
