"""Keeps the log of a process that runs for months from filling the disk.

The process writes on into the same file: what it has written is copied beside it, and the file
emptied under it. That works because a log is opened for appending. A line written between the
two is lost, which a log may be.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from evermodel.common.kernel.errors import is_exhausted

#: With the older part beside it, a process keeps at most twice this.
LIMIT_BYTES = 16 << 20


def rotate(log: Path, *, limit: int = LIMIT_BYTES) -> bool:
    """Move what is in `log` to ``<log>.1`` when it is more than `limit` bytes; say whether.

    Where the disk has no room for the copy it stays as it is: no log is worth what writes it.
    """
    with suppress(FileNotFoundError):
        if log.stat().st_size <= limit:
            return False
        older = log.with_name(f"{log.name}.1")
        unfinished = log.with_name(f"{log.name}.part")
        try:
            shutil.copyfile(log, unfinished)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            if is_exhausted(error):
                return False
            raise
        unfinished.replace(older)
        os.truncate(log, 0)
        return True
    return False
