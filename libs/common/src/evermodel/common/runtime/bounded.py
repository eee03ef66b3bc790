"""A process for work that may take too much: bounded in time and memory, and never orphaned.

Owns both ends: `run_bounded` starts it, watches it and ends it; `end_with_starter` is what the
process itself calls first. It leads a process group, so that ending it ends whatever it started.
It holds our end of a pipe as its standard input: when we die, however we die, the pipe closes.
Must never know what the work is. (One that is started before there is work: `ahead`.)
"""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil

from evermodel.common.kernel.errors import is_exhausted

_LOG = logging.getLogger(__name__)

#: Exit code of a process whose starter is gone, if it leads no group.
ORPHANED = 70
#: Exit code of a process that had no room even to say so: the disk of its report is full.
NO_ROOM = 75

_LOOK_SECONDS = 0.1
_MEGABYTE = 1 << 20

_WATCHED: set["subprocess.Popen[bytes]"] = set()


class Overran(Exception):
    """The process took more than it was given, and was ended; the message says of what."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a process may take, together with all that it starts."""

    max_seconds: float
    max_memory_mb: float


def run_bounded(
    command: Sequence[str],
    *,
    bounds: Bounds,
    log: Path,
    environment: Mapping[str, str],
    monotonic: Callable[[], float] = time.monotonic,
) -> int:
    """Run `command`, what it says into the file `log`; return its exit code (-n: signal n).

    `environment`: all of it, so that only what is named here reaches the process.

    Raises:
        Overran: it was ended, because it overran `bounds`.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # the caller's own command
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
        try:
            watch(process, bounds=bounds, monotonic=monotonic)
        finally:
            end(process)
    return process.returncode


def inherited(*prefixes: str) -> dict[str, str]:
    """Return the variables of our own environment whose names begin with one of `prefixes`."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}


def from_nothing(home: Path) -> dict[str, str]:
    """Return the environment that every child of ours is given, and to which its service adds.

    Made here and not inherited, so that no password of ours reaches it. The hash seed is fixed:
    equal bytes depend on it. Nor does it import what lies in the folder that it is started in: a
    ``random.py`` among a person's files would be taken for Python's.
    """
    return {
        "PATH": os.defpath,
        "HOME": str(home.absolute()),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONSAFEPATH": "1",
    }


def ended_with(code: int) -> str:
    """Return how a process ended, by its exit code (-n: signal n), in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"ended with signal {signal.Signals(-code).name}"
    except ValueError:  # one without a name
        return f"ended with signal {-code}"


def end_with_starter() -> None:
    """End this process and what it started when its starter is gone, from a thread of its own."""
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def write_report(file: Path, content: bytes) -> None:
    """Write what the process has found into `file`, whole or not at all.

    Without room for it the process ends at once, with `NO_ROOM`: its log has no room either.
    """
    draft = file.with_name(f".{file.name}")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as error:
        if not is_exhausted(error):
            raise
        os._exit(NO_ROOM)


def leave_orphaned() -> NoReturn:
    """End this process, whose starter is gone, and all that it started: nobody else would.

    Only as the leader of its group: in another's, that one's processes would end as well.
    """
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(ORPHANED)


def last_words(log: Path, *, length: int = 2000) -> str:
    """Return the end of what a process said."""
    return log.read_text(encoding="utf-8", errors="replace")[-length:]


def watch(
    process: "subprocess.Popen[bytes]",
    *,
    bounds: Bounds,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Return when `process` has ended by itself.

    Raises:
        Overran: it took more than `bounds`; whoever started it ends it.
    """
    deadline = monotonic() + bounds.max_seconds
    _WATCHED.add(process)
    try:
        while not _has_ended(process):
            if monotonic() > deadline:
                raise Overran(f"ran longer than {bounds.max_seconds:g} s")
            if _resident(process.pid) > bounds.max_memory_mb * _MEGABYTE:
                raise Overran(f"took more than {bounds.max_memory_mb:g} MB")
    finally:
        _WATCHED.discard(process)


def end_watched() -> None:
    """End every process that some thread of ours still watches: nobody will take what it makes.

    Each would find out that its starter is gone, in its own time; so it has by then.
    """
    for process in list(_WATCHED):
        end(process)


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Wait a little, and return whether `process` has ended."""
    try:
        process.wait(timeout=_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _resident(pid: int) -> int:
    """Return the memory of the process and of what it started, in bytes."""
    try:
        leader = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (leader, *leader.children(recursive=True)))
    except psutil.Error:
        return 0


def end(process: "subprocess.Popen[bytes]") -> None:
    """End `process` and all that it started; they may be gone already."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        _LOG.debug("the group of %d is gone", process.pid)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _wait_for_the_end() -> None:
    """Read without a buffer: Python aborts when it ends while a thread holds a buffer's lock."""
    while os.read(0, 1024):
        pass
    leave_orphaned()
