"""Files that only their owner may read. No moment passes in which another could."""

import os
from pathlib import Path


def write_secret(file: Path, content: bytes) -> None:
    """Write `content` to `file`, which appears whole; its folder is closed to others as well."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    write_private(file, content)


def write_private(file: Path, content: bytes) -> None:
    """Write `content` to `file`, which appears whole, into a folder that others may look into."""
    unfinished = file.with_name(f"{file.name}.part")
    unfinished.unlink(missing_ok=True)
    opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as target:
        target.write(content)
    unfinished.replace(file)
