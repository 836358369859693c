"""A labels file goes in; the labels with what they mean come out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naze.errors import ConfigurationError, FormatError
from naze.tables import read_yaml

__all__ = ["Labels", "as_labels", "read_labels"]

_SHAPE = "expected `name: definition` on each line, or a list of names; or `question:` and `labels:` with these below it"


@dataclass(frozen=True, slots=True)
class Labels:
    """What a text may be labelled with."""

    definitions: Mapping[str, str]
    """Label -> what it means; "" where the name says it all."""
    question: str | None = None
    """What is asked of each text; None: which label fits it best."""

    def __post_init__(self) -> None:
        if len(self.definitions) < 2:
            raise ConfigurationError(
                f"there are {len(self.definitions)} labels ({', '.join(self.definitions)}); expected at least two."
            )


def read_labels(path: str | Path) -> Labels:
    """Read a YAML file of labels.

    Raises:
        FormatError: broken YAML, or something else than labels.
        ConfigurationError: fewer than two labels.
    """
    found = read_yaml(path)
    question = None
    if isinstance(found, dict) and isinstance(found.get("labels"), dict | list):
        if unknown := set(found) - {"labels", "question"}:
            raise FormatError(f"{path}: {sorted(map(str, unknown))[0]!r} stands beside `labels`; {_SHAPE}.")
        question = None if found.get("question") is None else str(found["question"])
        found = found["labels"]
    if isinstance(found, list) and not any(isinstance(name, dict | list) for name in found):
        names = [str(name) for name in found]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise FormatError(f"{path}: label {twice[0]!r} stands twice.")
        return Labels(dict.fromkeys(names, ""), question)
    if isinstance(found, dict) and not any(isinstance(meaning, dict | list) for meaning in found.values()):
        return Labels({str(k): "" if v is None else str(v) for k, v in found.items()}, question)
    raise FormatError(f"{path}: holds no labels; {_SHAPE}.")


def as_labels(labels: "Labels | Mapping[str, str] | Sequence[str] | str | Path") -> Labels:
    """Take labels as a person gives them in Python: a file, names, or names with definitions."""
    if isinstance(labels, Labels):
        return labels
    if isinstance(labels, str | Path):
        return read_labels(labels)
    return Labels(dict(labels) if isinstance(labels, Mapping) else dict.fromkeys(labels, ""))
