"""Every error that naze raises on purpose.

A message says where, what was found, what was expected and what to do. The command line prints
these plainly; anything else that escapes is a bug and keeps its traceback.

NazeError
├── InputError                  a file, table or value that a person gave
│   ├── FormatError             the whole file: missing, empty, not UTF-8, unknown layout, unknown column
│   │   └── BatchFileError      a batch file that breaks the contract; holds everything that is wrong
│   └── RowError                one row; kept aside and counted, the rest goes on
├── ConfigurationError          a setting: unknown, out of range, contradicting another
├── TemplateError               a prompt template: undefined name, broken syntax, missing part
├── ModelError
│   ├── UnknownModelError       no such name; the nearest names are suggested
│   ├── ModelFileError          a model file that is cut short, damaged or of the wrong kind
│   └── DownloadError           a download that failed, did not match its checksum or found no disk space
├── EngineError
│   ├── EngineUnavailableError  cannot start or be reached (server down, program missing)
│   ├── EngineCrashError        died while answering; a fresh engine may go on
│   ├── EngineReplyError        answered with something that is no answer (500, nonsense, closed midway)
│   ├── RemoteRefusedError      not on this machine, and the person has not allowed it by name
│   ├── ContextOverflowError    a prompt longer than the context
│   ├── TurnsError              a conversation whose turns the model's chat template does not take
│   └── ChoiceError             choices that this model cannot tell apart by their first token
├── MissingExtraError           an optional library is not installed; says the one command that adds it
└── RunError
    ├── RunNotFoundError        no run in this folder
    ├── RunLockedError          another process writes this run
    ├── ManifestMismatchError   the run was started with something else; names the field that differs
    ├── RunVersionError         made by a newer naze
    ├── StepError               a step of a chain cannot do its work; the steps before it are stored
    ├── BudgetError             the budget would be passed; the run stopped before, and a larger one continues it
    └── StoreError              the store cannot be read or written (disk full, damaged); the run stops
"""

from typing import Any


class NazeError(Exception):
    """The root of every error that naze raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Let errors cross from a child process whole, attributes included."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[NazeError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> NazeError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error


class InputError(NazeError):
    """Something in what a person gave is wrong."""


class FormatError(InputError):
    """A whole file cannot be read: missing, empty, not UTF-8, unknown layout or column."""


class BatchFileError(FormatError):
    """A batch file breaks the contract; nothing of it was asked.

    Attributes:
        problems: everything for which it is refused, each with its line (`naze.jobs.batch.FileProblem`).
    """

    def __init__(self, message: str, *, problems: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class RowError(InputError):
    """One row cannot be read. The reader keeps it aside with its reason and goes on.

    Attributes:
        row: position in the file, counted from 1, the header not counted.
        row_id: the row's id; `row-7` where it has none.
    """

    def __init__(self, message: str, *, row: int, row_id: str | None = None) -> None:
        super().__init__(message)
        self.row = row
        self.row_id = row_id or f"row-{row}"


class ConfigurationError(NazeError):
    """A setting is unknown, out of range or contradicts another."""


class TemplateError(NazeError):
    """A prompt template has an undefined name, broken syntax or a missing part."""


class ModelError(NazeError):
    """A model cannot be found, read or fetched."""


class UnknownModelError(ModelError):
    """No model goes by this name; the message suggests the nearest names."""


class ModelFileError(ModelError):
    """A model file is cut short, damaged or of a kind that this engine cannot load."""


class DownloadError(ModelError):
    """A download failed, did not match its checksum or found too little disk space."""


class EngineError(NazeError):
    """An engine could not answer."""


class EngineUnavailableError(EngineError):
    """The engine cannot be started or reached.

    Attributes:
        status: HTTP status with which a server refused; None where it is no server's reply.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class EngineCrashError(EngineError):
    """The engine died while answering. A fresh one may answer the same prompts."""


class EngineReplyError(EngineError):
    """The engine's reply is no answer: an error status, nonsense, or a connection closed midway.

    Attributes:
        status: HTTP status of the reply; None where none came.
        attempts: how often it was tried.
    """

    def __init__(self, message: str, *, status: int | None = None, attempts: int = 1) -> None:
        super().__init__(message)
        self.status = status
        self.attempts = attempts


class RemoteRefusedError(EngineError):
    """The engine is not on this machine, and the person has not allowed it by name."""


class ContextOverflowError(EngineError):
    """A prompt, with the tokens it may generate, is longer than the model's context.

    Attributes:
        prompt_tokens: tokens of the prompt, chat template included.
        context_tokens: tokens that the engine takes in all.
    """

    def __init__(self, message: str, *, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(message)
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens


class TurnsError(EngineError):
    """A conversation whose turns the model's chat template does not take. It concerns this prompt alone."""


class ChoiceError(EngineError):
    """The choices cannot be told apart by the first token that the model would write."""


class MissingExtraError(NazeError):
    """An optional library is not installed; the message holds the one command that adds it."""


class RunError(NazeError):
    """A run cannot be opened, continued or written."""


class RunNotFoundError(RunError):
    """There is no run in this folder."""


class RunLockedError(RunError):
    """Another process writes this run."""


class ManifestMismatchError(RunError):
    """The run was started with other settings.

    Attributes:
        fields: names of the manifest's fields that differ.
    """

    def __init__(self, message: str, *, fields: tuple[str, ...]) -> None:
        super().__init__(message)
        self.fields = fields


class RunVersionError(RunError):
    """The run was made by a newer naze than this one."""


class StepError(RunError):
    """A step of a chain cannot do its work. What the steps before it made is stored."""


class BudgetError(RunError):
    """The budget would be passed by what is asked next; the run stopped before. A larger budget continues it."""


class StoreError(RunError):
    """The run's store cannot be read or written. The run stops; it never goes on unrecorded."""
