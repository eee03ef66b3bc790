"""Waiting until a process is ready: seen, not slept for, and over at once when it dies."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Child, Part, sweep

_LOOK_SECONDS = 0.02
_TAIL_LINES = 5


@contextmanager
def alone(prepare: Callable[[Path], Part], folder: Path) -> Iterator[str]:
    """Run the part that `prepare` makes for `folder`, by itself; yield its address once it answers.

    What an earlier, killed run left in `folder` is ended first.

    Raises:
        NotAvailable: it does not start.
    """
    records = folder / "processes"
    sweep(records)
    part = prepare(folder)
    child = Child(part.command, records=records)
    await_ready(child, part.is_ready, seconds=part.ready_seconds, log=part.command.log)
    try:
        yield part.address
    finally:
        child.stop()


def await_ready(child: Child, is_ready: Callable[[], bool], *, seconds: float, log: Path) -> None:
    """Return when `is_ready`; stop `child` and raise when it is not within `seconds`.

    Raises:
        NotAvailable: it died or took too long; the message quotes its log's end.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:  # a look may itself take seconds
        status = child.wait(seconds=_LOOK_SECONDS)
        if status is not None:
            child.stop()
            raise NotAvailable(f"{child.name} ended with status {status}: {tail(log)} (see {log})")
        if is_ready():
            return
    child.stop()
    raise NotAvailable(f"{child.name} was not ready within {seconds:g} s: {tail(log)} (see {log})")


def tail(log: Path, *, lines: int = _TAIL_LINES) -> str:
    """Return the last lines of `log` as one, for a message."""
    try:
        text = log.read_text("utf-8", errors="replace")
    except OSError:
        return "it wrote no log"
    return " | ".join(line.strip() for line in text.splitlines()[-lines:]) or "its log is empty"
