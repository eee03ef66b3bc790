"""Waiting until a process is ready: seen, not slept for, and over at once when it dies."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Child, Part, sweep

_LOOK_SECONDS = 0.02
_TAIL_LINES = 5
_PREFIX = "evermodel: "
#: A line of a stack trace of Java. Forty of them would hide the line that says what is wrong.
_FRAME = re.compile(r"\s+(at \S+\(|\.\.\. \d+ more)")


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
    """Return the last lines of `log` as one, for a message; where in Java is for nobody there."""
    try:
        text = log.read_text("utf-8", errors="replace")
    except OSError:
        return "it wrote no log"
    told = without_frames(text)
    return " | ".join(map(_plain, told[-lines:])) or "its log is empty"


def without_frames(text: str) -> list[str]:
    """Return the lines of `text` that do not say where in Java it was."""
    return [line for line in text.splitlines() if not _FRAME.match(line)]


def refusal(log: Path, *, since: int) -> str:
    """Return why a service refused to start, in its own words: what `log` says after byte `since`.

    What it was told wrong it says in a line each, before it has a log of its own.
    """
    try:
        with log.open("rb") as file:
            file.seek(since if log.stat().st_size >= since else 0)  # it may have been cut meanwhile
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        lines = []
    told = [line.removeprefix(_PREFIX) for line in lines if line.startswith(_PREFIX)]
    return " | ".join(told or map(_plain, lines[-1:])) or "it did not say why"


def _plain(line: str) -> str:
    """Return what a line of a service's log says to people, any other line as it is."""
    try:
        said = json.loads(line)
        exception = str(said.get("exception", "")).splitlines()[-1:]
        return ": ".join([str(said["message"]), *exception])
    except (ValueError, KeyError, AttributeError):
        return line.strip()
