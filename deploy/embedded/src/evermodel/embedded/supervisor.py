"""Keeps a set of commands running: restarts what dies, cuts long logs, ends all together.

Owns the restarts. Must never decide what runs (see ``stack``). All processes are started by
one thread that lives as long as they do: on Linux the kernel ends a child with the *thread*
that started it.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import psutil

from evermodel.common.kernel.clock import Clock
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Child, Command
from evermodel.embedded.readiness import tail
from evermodel.embedded.rotation import rotate

#: First restart at once, so that a killed service commits again within seconds; then doubling.
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 30.0
#: After running this long a process is well again and its next restart is the first.
WELL_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_LOOKS_PER_ROTATION = 100
_SERVICES_SECONDS = 5.0
_FOUNDATIONS_SECONDS = 3.0

State = Literal["running", "restarting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one process stands, for people."""

    name: str
    state: State
    pid: int | None
    restarts: int
    status: int | None
    memory_bytes: int
    up: timedelta


class Slot:
    """One command and the process that runs it now."""

    def __init__(self, command: Command, *, records: Path, clock: Clock) -> None:
        self.command = command
        self.restarts = 0
        self.status: int | None = None
        self._records, self._clock = records, clock
        self._child: Child | None = None
        self._due = self._began = clock.monotonic()
        self._delay = FIRST_DELAY_SECONDS

    def adopt(self, child: Child) -> None:
        """Take over a process of this command that runs already."""
        self._child, self._began = child, self._clock.monotonic()

    def look(self) -> None:
        """Start what is due, note what has died."""
        now = self._clock.monotonic()
        if self._child is None:
            if now >= self._due:
                self.adopt(Child(self.command, records=self._records))
            return
        status = self._child.wait(seconds=0)
        if status is not None:
            self._child.stop(seconds=0)
            self._child, self.status = None, status
            self.restarts += 1
            self._delay = FIRST_DELAY_SECONDS if now - self._began > WELL_SECONDS else self._delay
            self._due, self._delay = now + self._delay, min(self._delay * 2, LONGEST_DELAY_SECONDS)

    @property
    def child(self) -> Child | None:
        """The process, if one runs."""
        return self._child

    def standing(self) -> Standing:
        """Return how it stands."""
        child = self._child
        up = self._clock.monotonic() - self._began if child else 0.0
        return Standing(
            name=self.command.name,
            state="running" if child else "restarting",
            pid=child.pid if child else None,
            restarts=self.restarts,
            status=self.status,
            memory_bytes=memory(child.pid) if child else 0,
            up=timedelta(seconds=int(up)),
        )


class Supervisor:
    """Runs commands in a thread of its own until it is stopped."""

    def __init__(self, *, records: Path, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._foundations: list[Slot] = []
        self._services: list[Slot] = []
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def keep(self, command: Command, *, foundation: bool = False) -> None:
        """Run `command` from now on. A foundation is ended after everything that uses it."""
        slot = Slot(command, records=self._records, clock=self._clock)
        (self._foundations if foundation else self._services).append(slot)

    def await_ready(self, name: str, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Return when `is_ready` says so.

        Raises:
            NotAvailable: the process `name` died, or was not ready within `seconds`.
            Exception: the one that ended the supervisor's own thread.
        """
        slot = self._slot(name)
        deadline = self._clock.monotonic() + seconds
        while self._clock.monotonic() < deadline:  # a look may itself take seconds
            self.check()
            if is_ready():
                return
            if slot.restarts or self._stopping.wait(_LOOK_SECONDS):
                break
        log = slot.command.log
        what = "was not ready in time" if not slot.restarts else f"ended with {slot.status}"
        raise NotAvailable(f"{name} {what}: {tail(log)} (see {log})")

    def kill(self, name: str) -> int:
        """End the process `name` as ``kill -9`` would; it is restarted. Returns its id.

        Raises:
            NotAvailable: no process of that name runs.
        """
        child = self._slot(name).child
        if child is None:
            raise NotAvailable(f"{name} does not run just now")
        pid = child.pid
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()
        return pid

    def check(self) -> None:
        """Return if processes are still kept running.

        Raises:
            Exception: the one that ended the supervisor's own thread.
        """
        if self._failure is not None:
            raise self._failure

    def standings(self) -> list[Standing]:
        """Return how every process stands, foundations first.

        Raises:
            Exception: the one that ended the supervisor's own thread.
        """
        self.check()
        return [slot.standing() for slot in [*self._foundations, *self._services]]

    def stop(self) -> None:
        """End the services, then the foundations; all are gone when this returns."""
        self._stopping.set()
        self._thread.join()

    def _slot(self, name: str) -> Slot:
        for slot in [*self._foundations, *self._services]:
            if slot.command.name == name:
                return slot
        raise NotAvailable(f"no process is named {name}")

    def _run(self) -> None:
        try:
            looks = 0
            while not self._stopping.wait(_LOOK_SECONDS):
                looks += 1
                for slot in [*self._foundations, *self._services]:
                    slot.look()
                    if looks % _LOOKS_PER_ROTATION == 0:
                        rotate(slot.command.log)
        except Exception as error:  # noqa: BLE001  # whatever it is: nothing is kept running now
            self._failure = error
        finally:
            _end(self._services, seconds=_SERVICES_SECONDS)
            _end(self._foundations, seconds=_FOUNDATIONS_SECONDS)


def memory(pid: int) -> int:
    """Return the resident bytes of process `pid` and its descendants, 0 when it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for member in family:
        with suppress(psutil.NoSuchProcess):
            total += member.memory_info().rss
    return total


def _end(slots: Sequence[Slot], *, seconds: float) -> None:
    """End all of `slots` at once; whoever is not gone in time is killed."""
    children = [slot.child for slot in slots if slot.child is not None]
    for child in children:
        child.terminate()
    for _ in range(int(seconds / _LOOK_SECONDS)):
        if all(child.wait(seconds=0) is not None for child in children):
            break
        threading.Event().wait(_LOOK_SECONDS)
    for child in children:
        child.stop(seconds=0)
