"""Settings go in from files, the environment and flags, in rising order; one `Configuration` comes out.

`naze.toml` is read from the person's configuration folder and from the working folder, which wins; then
`NAZE_*` in the environment; then what the caller passes. A key that does not exist is an error that names
the nearest. `docs/configuration.md` describes every setting, and a test holds it to that.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from naze.errors import ConfigurationError

__all__ = [
    "FILE_NAME",
    "Configuration",
    "Prices",
    "cache_folder",
    "configuration_files",
    "read_configuration",
    "with_settings",
]

FILE_NAME = "naze.toml"
PREFIX = "NAZE_"


class Prices(BaseModel):
    """What a hosted model would cost, so that `--dry-run` can say what the same job would cost there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0, description="For a million tokens read.")
    output: float = Field(ge=0, description="For a million tokens written.")
    currency: str = Field(default="USD", description="As it is shown.")


class Configuration(BaseSettings):
    """Every setting. Each may stand in `naze.toml`, or in the environment as `NAZE_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    model: str | None = Field(default=None, description="The model to ask when none is named.")
    engine: str | None = Field(
        default=None, description="`openvino`, `llamacpp`, `http` or an installed one; else the best here."
    )
    language: str = Field(default="en", description="Language of explanations, ISO 639-1, such as `ja`.")
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("naze", appauthor=False)),
        description="Where models and their prepared forms lie.",
    )
    runs: Path = Field(default=Path("runs"), description="Where runs go when no `--out` is given.")
    llama_server: Path | None = Field(default=None, description="The llama.cpp server to use; else on PATH.")
    allow_remote: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses that are not this machine and may be spoken to, such as `https://llm.example.org`.",
    )
    api_key: SecretStr | None = Field(
        default=None, description="Sent to a server named by `http` or `https`."
    )
    encoding: str | None = Field(
        default=None, description="Of text files that are not UTF-8, such as `cp932`; else found by itself."
    )
    threads: int | None = Field(default=None, ge=1, description="Processor threads for a model.")
    cache_gigabytes: float | None = Field(
        default=None, gt=0, description="Memory for the key-value cache; else from the memory there is."
    )
    prices: Prices | None = Field(
        default=None, description="`input`, `output` (a million tokens), `currency`."
    )
    price_table: Path | None = Field(
        default=None, description="A TOML file of prices elsewhere; else `prices.toml` where naze is called."
    )

    @field_validator("allow_remote", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take a list, or one text with commas as the environment gives it."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cache", "runs", "llama_server", "price_table", mode="after")
    @classmethod
    def _at_home(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over the environment over the files."""
        files = [_FileSource(settings_cls, path) for path in configuration_files()]
        return (init_settings, env_settings, *files)


class _FileSource(PydanticBaseSettingsSource):
    """One `naze.toml`; says where it is when something in it is wrong."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        self._content = _read_file(path)

    def get_field_value(self, field: object, field_name: str) -> tuple[Any, str, bool]:
        """Return a field's value, its key and whether it is still to be decoded."""
        return self._content.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._content


def configuration_files() -> tuple[Path, ...]:
    """Return the `naze.toml` files that exist, the one that wins first."""
    folders = (Path.cwd(), Path(platformdirs.user_config_dir("naze", appauthor=False)))
    return tuple(path for folder in folders if (path := folder / FILE_NAME).is_file())


_SETTINGS: ContextVar[Mapping[str, Any]] = ContextVar("settings of a command", default=MappingProxyType({}))


@contextmanager
def with_settings(**settings: Any) -> Iterator[None]:  # noqa: ANN401 - each setting has its own type
    """Have settings win over files and environment, as a command's options do.

    Args:
        settings: by name; None means not given.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    before = _SETTINGS.set({**_SETTINGS.get(), **given})
    try:
        yield
    finally:
        _SETTINGS.reset(before)


def read_configuration(**flags: Any) -> Configuration:  # noqa: ANN401 - each setting has its own type
    """Gather the settings.

    Args:
        flags: settings by name that win over files and environment; None means not given.

    Raises:
        ConfigurationError: an unknown key (the nearest is named), a value out of range, a broken file.

    Example:
        >>> read_configuration(language="ja").language
        'ja'
    """
    given = {**_SETTINGS.get(), **{name: value for name, value in flags.items() if value is not None}}
    _check_names(given, "a flag")
    variables = {
        name.removeprefix(PREFIX).split("__")[0].lower(): name
        for name in os.environ
        if name.startswith(PREFIX)
    }
    _check_names(variables, "the environment", prefix=PREFIX)
    try:
        return Configuration(**given)
    except ValidationError as error:
        raise ConfigurationError(
            "\n".join(_explain(one, given, variables) for one in error.errors())
        ) from error


def cache_folder() -> Path:
    """Return the folder for models and their prepared forms."""
    return read_configuration().cache


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}. Expected TOML, in UTF-8.") from error
    _check_names(content, str(path))
    return content


def _check_names(given: dict[str, Any], where: str, *, prefix: str = "") -> None:
    known = list(Configuration.model_fields)
    for name in given:
        if name in known:
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        shown = prefix + (name.upper() if prefix else name)
        meant = f" Did you mean {prefix + (near[0].upper() if prefix else near[0])!r}?" if near else ""
        raise ConfigurationError(
            f"{where}: {shown!r} is no setting.{meant} The settings are: {', '.join(known)}."
        )


def _explain(error: Any, flags: dict[str, Any], variables: dict[str, str]) -> str:  # noqa: ANN401
    """Say in one line where a wrong value stands, what it is and what was expected."""
    setting = str(error["loc"][0]) if error["loc"] else ""
    place = ".".join(str(part) for part in error["loc"])
    if setting in flags:
        where = "a flag"
    elif setting in variables:
        where = f"environment variable {variables[setting]}"
    else:
        where = str(next((path for path in configuration_files() if setting in _read_file(path)), FILE_NAME))
    found = "" if setting == "api_key" else f" is {error['input']!r};"
    return f"{where}: {place}{found} {error['msg'][:1].lower()}{error['msg'][1:]}."
