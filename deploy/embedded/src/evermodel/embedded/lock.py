"""One supervisor per state folder: a lock that the kernel lets go when its holder dies."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TextIO

import psutil

from evermodel.embedded.errors import Occupied

_NAME = "lock"
#: Who only looks holds the lock for microseconds, and a new holder writes its id as fast: what
#: is so for all these looks is no such moment.
_LOOKS, _BETWEEN_SECONDS = 50, 0.02


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody holds the folder: which process, or None when it does not say."""

    pid: int | None


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold `folder` for as long as the context lasts.

    Raises:
        Occupied: another process does; says which.
    """
    _make(folder)
    with (folder / _NAME).open("a+", encoding="utf-8") as file:
        if not _is_taken(file):
            now = holder(folder)
            raise Occupied(
                f"{folder} is in use by process {(now and now.pid) or 'unknown'}: "
                f"end it with 'evermodel down --state {folder}', or name another folder"
            )
        file.seek(0)
        file.truncate()
        me = psutil.Process()
        json.dump({"pid": me.pid, "command": " ".join(me.cmdline())}, file)
        file.flush()
        yield
        file.truncate(0)


def mark(folder: Path) -> None:
    """Make `folder` known as a state folder before a supervisor holds it."""
    _make(folder)
    (folder / _NAME).touch()


def _make(folder: Path) -> None:
    """Make `folder`, its owner's alone: payments lie in it as files, whatever the broker asks for.

    One that is there stays as open as it is.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def is_marked(folder: Path) -> bool:
    """Return whether a supervisor ever held `folder`: its lock stays when it ends."""
    return (folder / _NAME).is_file()


def holder(folder: Path) -> Held | None:
    """Return who holds `folder` now, or None when nobody does."""
    path = folder / _NAME
    for _ in range(_LOOKS):
        if _is_free(path):
            return None
        pid = _read(path)
        if pid is not None:
            return Held(pid)
        Event().wait(_BETWEEN_SECONDS)
    return Held(None)


def _is_taken(file: TextIO) -> bool:
    """Take the lock; return whether it was to be had."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Event().wait(_BETWEEN_SECONDS)
        else:
            return True
    return False


def _is_free(path: Path) -> bool:
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _read(path: Path) -> int | None:
    """Return the id that is written down, unless it is that of a holder before."""
    try:
        said = json.loads(path.read_text("utf-8"))
        pid = int(said["pid"])
        return pid if " ".join(psutil.Process(pid).cmdline()) == said["command"] else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
