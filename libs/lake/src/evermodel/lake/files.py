"""The lake's files on a disk: found by day, and written so that nobody sees half of one."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from evermodel.lake.layout import day_folder

#: What file systems say that keep names and content together, and sync no folder.
_NOT_OF_FOLDERS = {errno.EINVAL, errno.ENOTSUP}
_DAY = timedelta(days=1)
#: Drafts do not end so, and are never read: a crash may leave one behind.
_FILES = "*.parquet"


def every_file(folder: Path) -> list[Path]:
    """Return all files below `folder`, in order of their paths; a missing folder has none."""
    return sorted(folder.rglob(_FILES))


def files_of_days(folder: Path, *, since: datetime, until: datetime) -> list[Path]:
    """Return the files of the days from that of `since` to that of `until`, both included."""
    first, last = day_folder(since), day_folder(until)
    days = int((until - since) / _DAY) + 2
    names = sorted({day_folder(since + _DAY * i) for i in range(days)})
    return [file for name in names if first <= name <= last for file in every_file(folder / name)]


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a draft to write; afterwards it is `file`. A reader sees the old one or the new one.

    A draft that is there is removed, not written over: whoever began it may only stand still, and
    would go on writing into what is `file` by then. It is on the disk before its name is: offsets
    are committed next, and after a power cut nobody would read those rows again.

    Raises:
        OSError: the disk does not take it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    yield draft
    _on_disk(draft)
    draft.replace(file)
    _on_disk(file.parent)


def _on_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_OF_FOLDERS or not path.is_dir():
            raise
    finally:
        os.close(handle)
