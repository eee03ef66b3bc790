"""Runs a service: poll, decode, handle, publish and commit, exactly once.

Owns the order of a turn, and what the group's decisions and an undone transaction mean. One
class for the twin (inline, one `step` after the other) and for a process (threads beside it).
Must never know a broker or a service. A turn::

    tables ─▶ poll ─▶ finished jobs ─▶ held work ─▶ batches ─▶ singles ─▶ tick ─▶ commit ─▶ steer

Each part has its own module and knows none of the others: `Share` (what is ours, and what of it
is paused), `Singles`, `Batches`, `Jobs` and `Ticks` (who handles), `Outbox` (what goes out). A
turn ends in one of two ways: its transaction is committed, or gathers on; or the turn is over
at once, because the transaction was undone or a handler left its memory in doubt. Then
everything in memory is forgotten and restored from the last commit: it is never ahead of the
topics for long.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.batches import Batches
from evermodel.common.messaging.beside import Beside, Threads
from evermodel.common.messaging.faultpoints import FaultPoint, nowhere
from evermodel.common.messaging.handovers import Handovers
from evermodel.common.messaging.jobs import Jobs
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.means import Means
from evermodel.common.messaging.outbox import Outbox
from evermodel.common.messaging.outcome import StateInDoubt
from evermodel.common.messaging.ports import Broker, TransactionAborted
from evermodel.common.messaging.preparing import UNANSWERED
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.messaging.reporting import Report
from evermodel.common.messaging.restoring import Keeper, check_copartitioned
from evermodel.common.messaging.share import Share
from evermodel.common.messaging.singles import Singles
from evermodel.common.messaging.tables import Tables
from evermodel.common.messaging.ticks import Ticks
from evermodel.common.settings.loop import LoopSettings

_LOG = logging.getLogger(__name__)

_EVENT_RECORDS = 100
#: How long a poll waits for the first record; bounds how late a table's event is seen.
_IDLE_POLL_SECONDS = 0.05
#: The same while work runs beside the loop or a retry waits.
_BUSY_POLL_SECONDS = 0.005


class Loop:
    """One replica of one service. Is its own consumer's ``Listener``."""

    def __init__(  # every part can be replaced from a test
        self,
        spec: ServiceSpec,
        *,
        broker: Broker,
        clock: Clock,
        settings: LoopSettings | None = None,
        instance: str | None = None,
        beside: Beside | None = None,
        at: FaultPoint = nowhere,
        ticks: bool = True,
    ) -> None:
        """Prepare to run `spec`; nothing is read before the first `step`.

        `ticks` false: ``on_tick`` is never called, as in the twin, where wall time stands still.
        """
        settings = settings or LoopSettings()
        keeper = Keeper(broker, state=spec.state, assignment=spec.assignment)
        self._spec, self._broker, self._clock, self._at = spec, broker, clock, at
        self._instance = instance or settings.instance
        self._limit = settings.batch_rows if spec.batches else _EVENT_RECORDS
        self._report = Report(spec.metrics, stage=spec.name, clock=clock)
        self._share = Share(spec, keeper=keeper, clock=clock)
        self._tables = Tables(spec.tables, group=spec.name)
        self._outbox = Outbox(
            spec,
            partition_of_key=keeper.partition_of_key,
            clock=clock,
            settings=settings,
            report=self._report,
            at=at,
        )
        means = Means(
            outbox=self._outbox,
            beside=beside or Threads(),
            clock=clock,
            attempts=settings.attempts,
            report=self._report,
            at=at,
        )
        self._singles = Singles(spec, means=means)
        self._batches, self._jobs = Batches(spec, means=means), Jobs(spec, means=means)
        self._ticks = Ticks(spec, means=means) if ticks else None
        self._handovers = Handovers(spec, means=means)
        self._has_moved = False
        self.turned_at = clock.monotonic()

    # --- life ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(commit=kind is None)

    def run(self, *, until: Callable[[], bool]) -> None:
        """Turn until `until()`; the batch in hand is finished and committed by `settle`."""
        while not until():
            self.step(timeout_seconds=self._poll_seconds())

    def step(self, *, timeout_seconds: float = 0.0) -> bool:
        """Make one turn; return whether anything moved.

        Raises:
            Fatal: going on would do harm; nothing of the open transaction is committed.
        """
        self.turned_at, self._has_moved = self._clock.monotonic(), False
        self._open()
        try:
            self._turn(timeout_seconds)
            if self._outbox.is_due(more_waits=self._share.was_full):
                self._commit()
        except TransactionAborted as error:
            _LOG.warning("transaction undone, reading again from the last commit: %s", error)
            self._start_over()
        except StateInDoubt:
            self._commit_or_undo()  # what went well before it counts
            self._start_over()
        self._share.steer()
        return self._has_moved

    def settle(self, *, commit: bool) -> None:
        """Commit what is gathered, or undo it: all that the end of a process has to see to."""
        if not self._outbox.is_open:
            return
        if commit:
            self._leave()
        else:
            self._outbox.abort()

    def close(self, *, commit: bool = True) -> None:
        """Commit what is gathered (or undo it), leave the group, let go."""
        self.settle(commit=commit)  # before the consumer leaves: revoking commits what is open
        self._share.close()
        self._outbox.close()
        self._tables.close()

    @property
    def is_caught_up(self) -> bool:
        """Whether every table has been read to its end."""
        return self._tables.are_settled

    @property
    def is_ready(self) -> bool:
        """Whether tables are read and the group has assigned what is ours, be it nothing."""
        return self.is_caught_up and (self._share.is_assigned or not self._share.routes)

    def next_due(self) -> float | None:
        """Return the monotonic time at which the next delayed retry is due, if any waits."""
        heads = [lane.not_before for lane in self._lanes if lane.queue and lane.not_before]
        return min([*heads, *self._jobs.waits()], default=None)

    def _open(self) -> None:
        if self._outbox.is_open:
            return
        if self._spec.state is not None:
            check_copartitioned(self._broker, [*self._share.routes, self._spec.state.name])
        self._outbox.open(self._broker, instance=self._instance)
        self._tables.open(self._broker)

    # --- a turn -------------------------------------------------------------------------

    def _turn(self, timeout_seconds: float) -> None:
        self._has_moved |= self._tables.follow(self._work, timeout_seconds=timeout_seconds)
        if not self.is_caught_up:
            return
        self._poll(timeout_seconds)
        self._finish_jobs()
        for lane in self._share.lanes:
            self._has_moved |= self._singles.finish(lane)
        self._has_moved |= self._batches.work(self._share.lanes)
        for lane in self._share.lanes:
            self._has_moved |= self._singles.work(lane)
        self._tick()

    def _work(self, lane: Lane) -> bool:
        return self._singles.finish(lane) | self._singles.work(lane)

    def _poll(self, timeout_seconds: float) -> None:
        self._share.join(self._broker, instance=self._instance, listener=self)
        if self._share.poll(limit=self._limit, timeout_seconds=timeout_seconds):
            self._has_moved = True
            self._at("polled")

    def _finish_jobs(self) -> None:
        for running in self._jobs.due(self._share.numbers):
            self._has_moved = True
            self._jobs.finish(running, positions=self._share.positions)
            self._commit()

    def _tick(self) -> None:
        if self._ticks is None or not self._ticks.is_due():
            return
        self._report.standing(self._share.lag(), jobs=len(self._jobs))
        if self._share.lanes:
            self._ticks.tick(self._share.positions)
            self._note_ends()

    def _note_ends(self) -> None:
        """Commit past the markers, too, of what was read to its end: from outside, done is done."""
        if ends := self._share.read_to_the_end():
            self._outbox.put(UNANSWERED, offsets=ends.items(), urgent=False)

    # --- the end of a turn --------------------------------------------------------------

    def _commit(self) -> None:
        """Make the open transaction true, and then what hangs on it.

        Raises:
            TransactionAborted: it was undone.
        """
        contents = self._outbox.commit(self._share.consumer)
        self._share.positions |= contents.offsets
        self._jobs.forget(contents.finished)
        self._jobs.start(contents.accepted)
        for lane in self._tables.lanes:
            lane.unsaid.clear()

    def _commit_or_undo(self) -> None:
        """Commit where whatever was undone is forgotten next anyway."""
        try:
            self._commit()
        except TransactionAborted:
            self._undo()

    def _undo(self) -> None:
        self._outbox.abort()
        for lane in self._tables.lanes:
            lane.say_again()

    def _start_over(self) -> None:
        self._has_moved = True
        self._undo()
        if self._share.lanes:  # else they are between two owners, and jobs run on
            self._jobs.adopt(self._share.start_over())

    # --- the group ----------------------------------------------------------------------

    def on_assigned(
        self, partitions: Sequence[TopicPartition], /
    ) -> Mapping[TopicPartition, int | None]:
        """Take partitions over (``Listener``)."""
        self._has_moved = True
        starts, jobs = self._share.take_over(partitions)
        self._jobs.adopt(jobs)
        return starts

    def on_revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        """Commit what is gathered and forget the partitions (``Listener``)."""
        self._has_moved = True
        try:
            self._leave()
        finally:
            self._let_go(partitions)

    def on_lost(self, partitions: Sequence[TopicPartition], /) -> None:
        """Forget partitions that are somebody else's (``Listener``)."""
        self._has_moved = True
        self._undo()
        self._let_go(partitions)

    def _leave(self) -> None:
        """Commit what is gathered; then, if that has become true, what spares the next owner work.

        Where it was undone memory is ahead of it, and has nothing to say.
        """
        try:
            self._commit()
            if self._handovers.hand_over(self._share.lanes, positions=self._share.positions):
                self._commit()
        except TransactionAborted:
            self._undo()

    def _let_go(self, partitions: Sequence[TopicPartition]) -> None:
        self._share.let_go(partitions)
        self._singles.let_go()

    # --- small things -------------------------------------------------------------------

    @property
    def _lanes(self) -> list[Lane]:
        return [*self._share.lanes, *self._tables.lanes]

    def _poll_seconds(self) -> float:
        busy = len(self._jobs) or any(lane.queue for lane in self._lanes)
        return _BUSY_POLL_SECONDS if busy else _IDLE_POLL_SECONDS
