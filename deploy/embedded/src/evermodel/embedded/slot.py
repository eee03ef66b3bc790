"""One command that is kept running: its process, and the spare that takes over at once.

Owns when a process is started again, and when that would be in vain. A command that can wait is
started once more while its process works, with what takes long to import imported; when that
process has died and been waited for, the spare is told to go on. Must never start a spare for what
is not running.

    process  ████████████████ kill -9          ██████████████
    spare       ░░░░ waits ───────── its turn ─┘    ░░░░ waits ──
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psutil

from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import is_exhausted
from evermodel.common.runtime.service import MISCONFIGURED
from evermodel.embedded.notes import Note, State
from evermodel.embedded.process import Child, Command

#: First restart at once, so that a killed service commits again within seconds; then doubling.
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 30.0
#: After running this long a process is well again and its next restart is the first.
WELL_SECONDS = 30.0
#: A spare is started this long after its process, whose own start shall have the processor.
REST_SECONDS = 10.0
#: A spare that has not gone on by then hangs, and is ended; imports take 4 s on one quiet core.
TURN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one process stands, for people."""

    name: str
    state: State
    pid: int | None
    restarts: int
    status: int | None
    memory_bytes: int
    spare_bytes: int = 0
    up: timedelta


class Slot:
    """One command and the process that runs it now."""

    def __init__(
        self, command: Command, *, records: Path, clock: Clock, foundation: bool = False
    ) -> None:
        self.command = command
        self._started: Path | None = None
        if not foundation:
            self._started = records / f"{command.name}.started"
            self._started.unlink(missing_ok=True)
            told = {"EVERMODEL_STARTED_FILE": str(self._started.absolute())}
            self.command = replace(command, environment={**command.environment, **told})
        self.restarts = 0
        self.status: int | None = None
        self.log_began = 0
        self._records, self._clock = records, clock
        self._child: Child | None = None
        self._spare: Child | None = None
        self._due = self._began = clock.monotonic()
        self._delay = FIRST_DELAY_SECONDS
        self._spare_due = self._due

    def adopt(self, child: Child) -> None:
        """Take over a process of this command that runs already."""
        self._child, self._began = child, self._clock.monotonic()
        self._spare_due = self._began + REST_SECONDS

    def look(self) -> None:
        """Start what is due, note what has died."""
        now = self._clock.monotonic()
        if self._child is None:
            if now >= self._due:
                self._start(now)
            return
        self._look_after_spare(now)
        hangs = now - self._began > TURN_SECONDS and not self._child.has_its_turn()
        if hangs or self._child.wait(seconds=0) is not None:
            status = self._child.stop(seconds=0)
            self._child, self.status = None, status
            self._delay = FIRST_DELAY_SECONDS if now - self._began > WELL_SECONDS else self._delay
            self._put_off(now)

    def _start(self, now: float) -> None:
        """Start it, or put it off where the machine has no room for what ran before.

        Raises:
            OSError: it never ran.
        """
        try:
            self.adopt(self._next())
        except OSError as error:
            if not self.restarts or not is_exhausted(error):
                raise
            self._put_off(now)

    def _put_off(self, now: float) -> None:
        self.restarts += 1
        self._due, self._delay = now + self._delay, min(self._delay * 2, LONGEST_DELAY_SECONDS)

    @property
    def is_refused(self) -> bool:
        """Whether the process said that it was told something wrong, and never worked before.

        The same settings would be refused again. A foundation is no service of ours: its exit code
        says nothing of the kind.
        """
        if self._started is None or self.status != MISCONFIGURED:
            return False
        return not self._started.exists()

    def clear(self) -> None:
        """Remove what it wrote down, its processes having ended."""
        if self._started is not None:
            self._started.unlink(missing_ok=True)

    @property
    def child(self) -> Child | None:
        """The process, if one runs."""
        return self._child

    @property
    def children(self) -> list[Child]:
        """The process and its spare, as far as they run."""
        return [child for child in (self._child, self._spare) if child is not None]

    def _next(self) -> Child:
        """Return the spare, told that it is its turn, or a process that is started now.

        The one before has been waited for: two never work at once.
        """
        spare, self._spare = self._spare, None
        if spare is not None and spare.wait(seconds=0) is None:
            spare.take_turn(self.command)
            return spare
        if spare is not None:
            spare.stop(seconds=0)
        log = self.command.log
        self.log_began = log.stat().st_size if log.exists() else 0
        return Child(self.command, records=self._records)

    def _look_after_spare(self, now: float) -> None:
        if not self.command.can_wait or self._child is None or not self._child.has_its_turn():
            return  # after a spare that hung comes a process that does not wait
        if self._spare is not None and self._spare.wait(seconds=0) is not None:
            self._spare.stop(seconds=0)
            self._spare, self._spare_due = None, now + LONGEST_DELAY_SECONDS
        if self._spare is None and now >= self._spare_due:
            try:
                self._spare = Child(self.command, records=self._records, waits=True)
            except OSError as error:
                if not is_exhausted(error):
                    raise
                self._spare_due = now + LONGEST_DELAY_SECONDS

    def note(self) -> Note:
        """Return how it stands, for others: what costs nothing to find out."""
        return Note(
            name=self.command.name,
            state="running" if self._child else "restarting",
            pid=self._child.pid if self._child else None,
            restarts=self.restarts,
            last_exit_code=self.status,
            log=str(self.command.log),
        )

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
            spare_bytes=memory(self._spare.pid) if self._spare else 0,
            up=timedelta(seconds=int(up)),
        )


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
