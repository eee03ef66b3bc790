"""Keeps a set of commands running: restarts what dies, cuts long logs, ends all together.

A service that refuses its settings before it ever worked ends them all: no restart cures that.

Owns the thread of all processes. Must never decide what runs (see ``stack``), nor when one is
started again (see ``slot``). All processes are started by
one thread that lives as long as they do: on Linux the kernel ends a child with the *thread*
that started it.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Misconfigured
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.notes import Notes
from evermodel.embedded.process import Command
from evermodel.embedded.readiness import refusal, tail
from evermodel.embedded.rotation import rotate
from evermodel.embedded.slot import Slot, Standing

_LOOK_SECONDS = 0.05
_LOOKS_PER_ROTATION = 100
_SERVICES_SECONDS = 5.0
_FOUNDATIONS_SECONDS = 3.0


class Supervisor:
    """Runs commands in a thread of its own until it is stopped."""

    def __init__(self, *, records: Path, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._notes = Notes(records)
        self._foundations: list[Slot] = []
        self._services: list[Slot] = []
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    @property
    def _slots(self) -> list[Slot]:
        return [*self._foundations, *self._services]

    def keep(self, command: Command, *, foundation: bool = False) -> None:
        """Run `command` from now on. A foundation is ended after everything that uses it."""
        slot = Slot(command, records=self._records, clock=self._clock, foundation=foundation)
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

    def log(self, name: str) -> Path:
        """Return where the process `name` writes what it says.

        Raises:
            NotAvailable: no process is named so.
        """
        return self._slot(name).command.log

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
            Misconfigured: a service refused what it was told, and never worked; in its words.
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
        return [slot.standing() for slot in self._slots]

    def stop(self) -> None:
        """End the services, then the foundations; all are gone when this returns."""
        self._stopping.set()
        self._thread.join()

    def _slot(self, name: str) -> Slot:
        for slot in self._slots:
            if slot.command.name == name:
                return slot
        raise NotAvailable(f"no process is named {name}")

    def _run(self) -> None:
        try:
            looks = 0
            while not self._stopping.wait(_LOOK_SECONDS):
                looks += 1
                for slot in self._slots:
                    slot.look()
                    _require_cure(slot)
                    if looks % _LOOKS_PER_ROTATION == 0:
                        rotate(slot.command.log)
                self._notes.write([s.note() for s in self._slots])
        except Exception as error:  # noqa: BLE001  # whatever it is: nothing is kept running now
            self._failure = error
        finally:
            _end(self._services, seconds=_SERVICES_SECONDS)
            _end(self._foundations, seconds=_FOUNDATIONS_SECONDS)
            for slot in self._slots:
                slot.clear()
            self._notes.remove()


def _require_cure(slot: Slot) -> None:
    """Return if a restart of `slot` may help.

    Raises:
        Misconfigured: it is a service that refused its settings before it ever worked.
    """
    if slot.is_refused:
        log = slot.command.log
        why = refusal(log, since=slot.log_began)
        raise Misconfigured(f"{slot.command.name} cannot start: {why} (see {log})")


def _end(slots: Sequence[Slot], *, seconds: float) -> None:
    """End all of `slots` at once; whoever is not gone in time is killed."""
    children = [child for slot in slots for child in slot.children]
    for child in children:
        child.terminate()
    for _ in range(int(seconds / _LOOK_SECONDS)):
        if all(child.wait(seconds=0) is not None for child in children):
            break
        threading.Event().wait(_LOOK_SECONDS)
    for child in children:
        child.stop(seconds=0)
