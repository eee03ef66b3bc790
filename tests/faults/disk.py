"""A disk of a few kilobytes that is really full: the kernel says "No space left on device".

A process of ours holds a mount namespace of its own with a tmpfs in it; ``/proc/PID/root`` leads
there from outside. The machine's own mounts stay as they are, and it is gone with that process,
however the test ends. Where mounting is refused (a container without rights), the way is
RLIMIT_FSIZE: no file of ours may grow, and the error is another ("File too large").

Owns the disk and which way it was made. Must never fill the machine's own.
"""

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unittest.mock import patch

from evermodel.common.kernel import errors

#: As root, or as anybody where user namespaces are free.
_WAYS = (["unshare", "-m"], ["unshare", "-rm"])
_HOLD = 'mount -t tmpfs -o size="$1"k tmpfs "$0" && echo mounted && exec cat'
_BLOCK = b"\0" * 4096

Way = Literal["tmpfs", "RLIMIT_FSIZE"]


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that is empty at first. `way`: how it is filled."""

    root: Path
    way: Way

    @contextmanager
    def full(self, *, but: int = 0) -> Iterator[None]:
        """Fill it while the block runs; `but`: bytes that are left."""
        if self.way == "RLIMIT_FSIZE":
            exhausted = errors._EXHAUSTED | {errno.EFBIG}
            with no_file_grows(beyond=max(but, 100)), patch.object(errors, "_EXHAUSTED", exhausted):
                yield
            return
        ballast = self.root / ".ballast"
        fill(ballast)
        os.truncate(ballast, max(0, ballast.stat().st_size - but))
        try:
            yield
        finally:
            ballast.unlink()


def fill(file: Path) -> None:
    """Let `file` take what room there is."""
    with file.open("ab", buffering=0) as open_file:
        try:
            while open_file.write(_BLOCK):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


@contextmanager
def no_file_grows(*, beyond: int) -> Iterator[None]:
    """Let no file of this process, and of those it starts, grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def small_disk(folder: Path, *, kilobytes: int) -> Iterator[Disk]:
    """Yield a disk of so many kilobytes; `folder` is where it is mounted, or what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for way in _WAYS:
        with _held([*way, "sh", "-c", _HOLD, str(folder), str(kilobytes)]) as holder:
            if holder is not None:
                yield Disk(Path(f"/proc/{holder}/root{folder}"), "tmpfs")
                return
    yield Disk(folder, "RLIMIT_FSIZE")


@contextmanager
def _held(command: list[str]) -> Iterator[int | None]:
    """Run `command` while the block runs; yield its process id, None if it mounts nothing."""
    try:
        holder = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        yield None
        return
    with holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        mounted = holder.stdout.readline() == b"mounted\n"
        try:
            yield holder.pid if mounted else None
        finally:
            holder.stdin.close()
