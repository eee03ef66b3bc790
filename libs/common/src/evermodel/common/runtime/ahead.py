"""A bounded process that is started before there is work, so that nobody waits for its imports.

    started ─▶ prepares ─▶ waits ── job ─▶ says that it took it ─▶ works, bounded ─▶ ended
                             └─ starter gone, or closed ─▶ ends

Owns both ends: `Ahead` starts processes and hands each one job, `take_job` is what the process
calls first. A process takes one job and no second, so that every job is worked on in a fresh one
and nothing of one reaches another. A process that does not say in time that it took its job, be
it dead, stuck or stopped, is ended, and the job is given to one that is started for it.
Must never know what the work is.
"""

import json
import logging
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import IO, Self

from evermodel.common.runtime.bounded import Bounds, end, leave_orphaned, watch

_LOG = logging.getLogger(__name__)

#: The argument that tells a service to wait for its turn: what a supervisor keeps as a spare.
WAIT = "--wait"

#: What a process says when it begins with its job.
_TAKEN = b"!"
_LONGEST_READ, _LAST_WORDS = 4096, 2000


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended (-n: signal n), and the last of what it said."""

    code: int
    words: str


class Ahead:
    """Runs jobs of one command, each in a process of its own; the next one waits already.

    While it is open, at most one process waits. It is started `rest_seconds` after the last job
    ended: what follows from that job shall not share the processor with the imports of the next.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        keep_one: bool = True,
        rest_seconds: float = 5.0,
        patience_seconds: float = 60.0,
    ) -> None:
        """Start nothing yet. `environment`: all of it.

        `keep_one`: False starts each process for its job, and none before.
        `patience_seconds`: how long one that waited has to take its job; it may still prepare.
        """
        self._command, self._environment = command, environment
        self._rest, self._patience = rest_seconds, patience_seconds
        self._lock = threading.Lock()
        self._waiting: _Process | None = None
        self._next: threading.Timer | None = None
        self._open, self._keep_one = False, keep_one

    def __enter__(self) -> Self:
        """Start the first process soon."""
        self._open = True
        self._plan_next()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process that waits; start no other."""
        with self._lock:
            self._open = False
            if self._next is not None:
                self._next.cancel()
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.end()

    def run(self, job: Sequence[str], *, bounds: Bounds) -> Ended:
        """Have `job` done and say how its process ended; any thread may call.

        `bounds` count from when a process takes the job, or is started for it.

        Raises:
            Overran: it was ended, because it overran `bounds`.
        """
        line = json.dumps(list(job)).encode() + b"\n"
        process = self._that_waited(line) or self._started_for(line)
        try:
            watch(process.popen, bounds=bounds)
        finally:
            words = process.end()
            self._plan_next()
        return Ended(process.popen.returncode, words)

    def _that_waited(self, line: bytes) -> "_Process | None":
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.takes(line, within_seconds=self._patience):
            return waiting
        _LOG.warning("process %d did not take its job; another is started", waiting.popen.pid)
        waiting.end()
        return None

    def _started_for(self, line: bytes) -> "_Process":
        process = _Process(self._command, self._environment)
        process.send(line)
        return process

    def _plan_next(self) -> None:
        with self._lock:
            if not (self._open and self._keep_one):
                return
            if self._next is not None:
                self._next.cancel()
            self._next = threading.Timer(self._rest, self._start_next)
            self._next.daemon = True
            self._next.start()

    def _start_next(self) -> None:
        with self._lock:
            if not self._open or self._waiting is not None:
                return
            try:
                self._waiting = _Process(self._command, self._environment)
            except OSError as error:  # the machine has no room now: the job will ask again
                _LOG.warning("no process is started ahead: %s", error)


def take_job(prepare: Callable[[], object]) -> list[str]:
    """Call `prepare`, wait for the job and return its words.

    From here on this process ends when the one that started it is gone: a thread sees to it,
    also while `prepare` hangs.
    """
    jobs: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    prepare()
    job: list[str] = json.loads(jobs.get())
    os.write(0, _TAKEN)
    return job


def _listen(jobs: "SimpleQueue[bytes]") -> None:
    """Read without a buffer: Python aborts when it ends while a thread holds a buffer's lock."""
    heard = b""
    with suppress(OSError):  # a starter that was killed may reset the connection
        while more := os.read(0, _LONGEST_READ):
            heard += more
            if heard.endswith(b"\n"):
                jobs.put(heard)
    leave_orphaned()


class _Process:
    """One process, our end of its standard input, and the file that holds what it says."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, its = socket.socketpair()
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
        try:
            with its:
                self.popen = subprocess.Popen(  # the caller's own command
                    command,
                    stdin=its.fileno(),
                    stdout=self._said,
                    stderr=self._said,
                    env=dict(environment),
                    start_new_session=True,
                )
        except OSError:
            self._ours.close()
            self._said.close()
            raise

    def send(self, line: bytes) -> None:
        """Give it its job; one that is dead already shows when it is watched."""
        with suppress(OSError):
            self._ours.sendall(line)

    def takes(self, line: bytes, *, within_seconds: float) -> bool:
        """Give it its job; return whether it says so in time."""
        self._ours.settimeout(within_seconds)
        try:
            self._ours.sendall(line)
            return self._ours.recv(1) == _TAKEN
        except OSError:
            return False

    def end(self) -> str:
        """End it and all that it started; return the last of what it said."""
        end(self.popen)
        self._ours.close()
        with self._said:
            size = self._said.seek(0, os.SEEK_END)
            self._said.seek(max(0, size - _LAST_WORDS))
            return self._said.read().decode(errors="replace")
