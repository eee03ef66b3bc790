"""The broker's jars: which ones, and that they are the very ones the lock names.

Owns the committed lock and the cache folder. Must never hand out a file whose digest was not
checked in this process: a cache is as open to tampering as a network.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from evermodel.embedded.errors import NotAvailable

KAFKA_VERSION = "4.4.0"


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: a file, its Maven coordinates and its SHA-256 in hexadecimal."""

    name: str
    coordinates: str
    sha256: str

    @property
    def path_in_repository(self) -> str:
        """Where any Maven repository keeps it, relative to its base."""
        group, artifact, version = self.coordinates.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.name}"


#: Puts the jars into a folder, by name; says ``NotAvailable`` when it cannot.
Fetcher = Callable[[Sequence[Jar], Path], None]


def locked_jars() -> tuple[Jar, ...]:
    """Return the committed lock."""
    return parse_lock(files("evermodel.embedded").joinpath("kafka-jars.lock").read_text("utf-8"))


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Return the jars that `text` names: per line file, coordinates, SHA-256; ``#`` comments."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return tuple(Jar(*fields) for fields in lines if fields)


def provide(folder: Path, *, jars: Sequence[Jar], fetchers: Sequence[Fetcher]) -> list[Path]:
    """Return the paths of `jars` in `folder`, each checked; fetch those that are not there.

    A fetcher that fails, or that brings a file with another digest, is passed over for the
    next; a file with another digest is removed.

    Raises:
        NotAvailable: no fetcher brought them all; says what each of them said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    missing = [jar for jar in jars if not _is_there(folder, jar)]
    for fetch in fetchers:
        if missing:
            said += _attempt(fetch, missing, folder)
            missing = [jar for jar in missing if not _is_there(folder, jar)]
    if not missing:
        return [folder / jar.name for jar in jars]
    raise NotAvailable(
        f"the Kafka broker's jars could not be fetched ({'; '.join(said)}): give a Maven "
        "repository by EVERMODEL_MAVEN_REPOSITORY, or a broker by KAFKA_BOOTSTRAP_SERVERS"
    )


def _attempt(fetch: Fetcher, missing: Sequence[Jar], folder: Path) -> list[str]:
    name = getattr(fetch, "__name__", "fetcher")
    try:
        fetch(missing, folder)
    except NotAvailable as error:
        return [f"{name}: {error}"]
    wrong = [jar.name for jar in missing if not _is_there(folder, jar)]
    return [f"{name}: brought no {', '.join(wrong)} as the lock names it"] if wrong else []


def _is_there(folder: Path, jar: Jar) -> bool:
    """Whether the file is there and is the one meant; one that is not is removed."""
    path = folder / jar.name
    if not path.is_file():
        return False
    with path.open("rb") as file:
        right = hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    if not right:
        path.unlink(missing_ok=True)
    return right
