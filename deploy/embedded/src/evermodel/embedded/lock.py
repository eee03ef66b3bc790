"""One supervisor per state folder: a lock that the kernel lets go when its holder dies."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from evermodel.embedded.errors import Occupied

_NAME = "lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold `folder` for as long as the context lasts.

    Raises:
        Occupied: another process does; says which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _NAME).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Occupied(
                f"{folder} is in use by process {holder(folder) or 'unknown'}: "
                f"end it with 'evermodel down --state {folder}', or name another folder"
            ) from error
        file.seek(0)
        file.truncate()
        me = psutil.Process()
        json.dump({"pid": me.pid, "command": " ".join(me.cmdline())}, file)
        file.flush()
        yield
        file.truncate(0)


def is_marked(folder: Path) -> bool:
    """Return whether a supervisor ever held `folder`: its lock stays when it ends."""
    return (folder / _NAME).is_file()


def holder(folder: Path) -> int | None:
    """Return the process id of the supervisor that holds `folder` now, or None."""
    path = folder / _NAME
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
    except BlockingIOError:
        return _read(path)
    except OSError:
        return None


def _read(path: Path) -> int | None:
    try:
        pid = int(json.loads(path.read_text("utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid
