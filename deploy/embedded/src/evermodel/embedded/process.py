"""One process of the stack: started so that it cannot be orphaned, logged, recorded, ended.

Owns the process records (``<folder>/<name>.json``). Must never signal a process id whose start
is not the recorded one: ids are used again.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from evermodel.common.runtime.ahead import WAIT
from evermodel.embedded import launcher
from evermodel.embedded.whole_file import write_whole

#: No words: the command line has said everything.
_GO = b"[]\n"
#: After SIGTERM a process has this long before SIGKILL. The whole stack has ten seconds.
STOP_SECONDS = 6.0
#: Which field of /proc/PID/stat after the name says when it started (proc_pid_stat(5): the 22nd).
_START_TICKS = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run. `environment` is the whole of it."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path | None = None
    can_wait: bool = False
    """With `WAIT` as its last argument it prepares and waits for its turn (``take_job``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A command that others need: where it will answer, and whether it does yet."""

    command: Command
    address: str
    is_ready: Callable[[], bool]
    ready_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRecord:
    """What is written down about a running process, to find it again without its parent."""

    name: str
    pid: int
    started: float
    command: str
    since_boot: str = ""
    """Which start of the machine, and when after it: a clock that is set does not move that, but
    `started`. Empty where it is not known."""


class Child:
    """A started command. The thread that starts it must live as long as it shall."""

    def __init__(self, command: Command, *, records: Path, waits: bool = False) -> None:
        """Start `command` and write its record into the folder `records`.

        It runs only if it is written down.

        `waits`: it does nothing before `take_turn`.
        """
        self.name = f"{command.name}-spare" if waits else command.name
        self._record = records / f"{self.name}.json"
        ours, its = socket.socketpair() if waits else (None, None)
        self._turn, self._has_its_turn = ours, not waits
        try:
            records.mkdir(parents=True, exist_ok=True)
            command.log.parent.mkdir(parents=True, exist_ok=True)
            with command.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*_launch(), *command.arguments, *([WAIT] if waits else ())],
                    env=dict(command.environment),
                    cwd=command.folder,
                    stdin=its.fileno() if its else subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError:  # a full machine: it is tried again and again
            if ours is not None:
                ours.close()
            raise
        finally:
            if its is not None:
                its.close()
        self._write_or_end(command)

    @property
    def pid(self) -> int:
        """The process id, which is its group's as well."""
        return self._process.pid

    def wait(self, *, seconds: float) -> int | None:
        """Return the exit status as soon as there is one, or None after `seconds`."""
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def take_turn(self, command: Command) -> None:
        """Let it go on as the one process of `command`; returns at once."""
        if self._turn is not None:
            self._turn.settimeout(0)
            with suppress(OSError):  # it has just died: that shows where it is waited for
                self._turn.sendall(_GO)
        waited, self._record = self._record, self._record.with_name(f"{command.name}.json")
        self.name = command.name
        self._write_or_end(command)
        waited.unlink(missing_ok=True)

    def has_its_turn(self) -> bool:
        """Whether it has gone on, or never waited."""
        if not self._has_its_turn and self._turn is not None:
            with suppress(OSError):
                self._has_its_turn = bool(self._turn.recv(1))
        return self._has_its_turn

    def terminate(self) -> None:
        """Ask it to end; returns at once."""
        if self._process.poll() is None:
            self._process.terminate()

    def stop(self, *, seconds: float = STOP_SECONDS) -> int:
        """End it, kindly at first, and all it started; remove the record."""
        self.terminate()
        if self.wait(seconds=seconds) is None:
            self._process.kill()
        status = self._process.wait()
        _signal_group(self.pid, signal.SIGKILL)
        if self._turn is not None:
            self._turn.close()
        self._record.unlink(missing_ok=True)
        return status

    def _write_or_end(self, command: Command) -> None:
        """Write the record; without one nobody would find it again if we were killed."""
        try:
            self._write(command)
        except OSError:
            self.stop(seconds=0)
            raise

    def _write(self, command: Command) -> None:
        started = psutil.Process(self.pid).create_time()
        record = ProcessRecord(
            name=self.name,
            pid=self.pid,
            started=started,
            command=" ".join(command.arguments),
            since_boot=_since_boot(self.pid),
        )
        write_whole(self._record, json.dumps(asdict(record)))


def recorded(records: Path) -> list[ProcessRecord]:
    """Return the records of processes that still run."""
    found = (_read(path) for path in sorted(records.glob("*.json")))
    return [record for record in found if record is not None and _process_of(record) is not None]


def sweep(records: Path, *, seconds: float = STOP_SECONDS) -> list[ProcessRecord]:
    """End every recorded process and its group, remove the records; return what was ended."""
    left = recorded(records)
    processes = [process for record in left if (process := _process_of(record)) is not None]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    for record in left:
        _signal_group(record.pid, signal.SIGKILL)
    for path in records.glob("*.json"):
        path.unlink(missing_ok=True)
    return left


def _launch() -> list[str]:
    return [sys.executable, "-I", "-S", launcher.__file__, str(os.getpid())]


def _read(path: Path) -> ProcessRecord | None:
    try:
        return ProcessRecord(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _process_of(record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        lives = _is_meant(process, record) and process.status() != psutil.STATUS_ZOMBIE
        return process if lives else None
    except psutil.NoSuchProcess:
        return None


def _is_meant(process: psutil.Process, record: ProcessRecord) -> bool:
    if record.since_boot:
        return _since_boot(process.pid) == record.since_boot
    return bool(abs(process.create_time() - record.started) < 1.0)


def _since_boot(pid: int) -> str:
    """Return what no other process has: the machine's start, and the clock's ticks from there."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        # The name before it, in parentheses, may hold anything.
        ticks = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return f"{boot} {ticks[_START_TICKS]}"
    except (OSError, LookupError):
        return ""


def _signal_group(group: int, number: signal.Signals) -> None:
    """Signal what is left of the group that a process of ours led."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
