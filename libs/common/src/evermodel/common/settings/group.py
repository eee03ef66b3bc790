"""How a group of settings is read from the environment, and a secret from its file."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from evermodel.common.kernel.errors import Misconfigured


class Group(BaseSettings):
    """A group of settings read from the environment; empty variables count as unset."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, extra="ignore", populate_by_name=True
    )


def secret_in(file: Path | None, *, variable: str) -> str | None:
    """Return what `file`, which `variable` names, holds without its last line break.

    Raises:
        Misconfigured: it cannot be read.
    """
    if file is None:
        return None
    try:
        return file.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{variable} cannot be read: {error}") from error
