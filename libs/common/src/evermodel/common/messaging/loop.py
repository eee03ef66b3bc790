"""Runs a service: poll, decode, handle, publish and commit, exactly once.

Owns the order of a turn and what becomes of every outcome. One class for the twin (inline, one
`step` after the other) and for a process (threads beside it). Must never know a broker or a
service. A turn::

    tables -> poll -> finished jobs -> held work -> batches, events -> tick -> commit -> steer

Memory is never ahead of the topics for long: when a transaction is undone, or a handler of a
service with state fails unforeseen, everything is forgotten and restored from the last commit.
Fifty lines over the rule for a file: the turn and its outcomes are read together.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self

from evermodel.common.events.catalogue import topic_of
from evermodel.common.events.codec import decode
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Fatal, Poison, Reason
from evermodel.common.messaging.api import BatchRoute, Held, Reaction, ServiceSpec, TableRoute
from evermodel.common.messaging.beside import Beside, Threads
from evermodel.common.messaging.deadletter import (
    REDRIVEN_FOR,
    DeadLetterLimit,
    dead_letter,
    encode_dead_letter,
)
from evermodel.common.messaging.faultpoints import FaultPoint, nowhere
from evermodel.common.messaging.jobs import Jobs, Running
from evermodel.common.messaging.lane import AnyRoute, Lane
from evermodel.common.messaging.outcome import Bug, Dead, Done, Outcome, Retry, attempt
from evermodel.common.messaging.ports import Broker, Consumer, Producer
from evermodel.common.messaging.preparing import Prepared, prepare
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.messaging.restoring import Keeper, check_copartitioned
from evermodel.common.messaging.tables import Table
from evermodel.common.messaging.transaction import Transaction
from evermodel.common.observability.metrics import Metrics
from evermodel.common.settings import LoopSettings

_LOG = logging.getLogger(__name__)

_EVENT_RECORDS = 100
#: How long a poll waits for the first record; bounds how late a table's event is seen.
_IDLE_POLL_SECONDS = 0.05
#: The same while work runs beside the loop or a retry waits.
_BUSY_POLL_SECONDS = 0.005
_TICK_SECONDS = 1.0
_BUG_DELAY_SECONDS = 0.2


class Loop:
    """One replica of one service."""

    def __init__(  # noqa: PLR0913  # every part can be replaced from a test
        self,
        spec: ServiceSpec,
        *,
        broker: Broker,
        clock: Clock,
        settings: LoopSettings | None = None,
        instance: str | None = None,
        beside: Beside | None = None,
        metrics: Metrics | None = None,
        at: FaultPoint = nowhere,
        ticks: bool = True,
    ) -> None:
        """Prepare to run `spec`; nothing is read before the first `step`.

        `ticks` false: ``on_tick`` is never called, as in the twin, where wall time stands still.
        """
        self._spec, self._broker, self._clock = spec, broker, clock
        self._settings = settings or LoopSettings()
        self._instance, self._at, self._ticks = instance or self._settings.instance, at, ticks
        self._beside = beside or Threads()
        self._metrics = metrics or Metrics()
        self._routes = _routes(spec)
        self._is_batching = bool(spec.batches)
        self._keeper = Keeper(broker, state=spec.state, assignment=spec.assignment)
        self._jobs = Jobs(self._beside)
        self._limit = DeadLetterLimit(
            count=self._settings.dead_letters_per_minute, window=timedelta(minutes=1)
        )
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._tables: list[Table] | None = None
        self._producer: Producer | None = None
        self._transaction: Transaction | None = None
        self._consumer: Consumer | None = None
        self._moved = False
        self._was_full = False
        self._was_reset = False
        self._tick_failures = 0
        self._ticked_at = clock.monotonic()
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
        """Turn until `until()`; the batch in hand is finished and committed by `close`."""
        while not until():
            self.step(timeout_seconds=self._poll_seconds())

    def step(self, *, timeout_seconds: float = 0.0) -> bool:
        """Make one turn; return whether anything moved.

        Raises:
            Fatal: going on would do harm; nothing of the open transaction is committed.
        """
        self.turned_at, self._moved, self._was_reset = self._clock.monotonic(), False, False
        self._open()
        self._follow_tables(timeout_seconds)
        if self.is_caught_up:
            self._poll(timeout_seconds)
            self._finish_jobs()
            self._finish_held()
            self._work_batches()
            self._work_events()
            self._tick()
        self._commit_when_due()
        self._steer()
        return self._moved

    def close(self, *, commit: bool = True) -> None:
        """Commit what is gathered (or undo it), leave the group, let go."""
        if self._transaction is not None:
            if commit:
                self._commit()
            else:
                self._transaction.abort()
        for part in (self._consumer, self._producer, *(self._tables or ())):
            if part is not None:
                part.close()
        self._consumer = self._producer = self._transaction = None
        self._lanes, self._tables = {}, None

    @property
    def is_caught_up(self) -> bool:
        """Whether every table has been read to its end."""
        return self._tables is not None and all(table.is_settled for table in self._tables)

    @property
    def is_ready(self) -> bool:
        """Whether tables are read and the group has assigned what is ours, be it nothing."""
        return self.is_caught_up and (self._consumer is not None or not self._routes)

    def next_due(self) -> float | None:
        """Return the monotonic time at which the next delayed retry is due, if any waits."""
        waits = [lane.not_before for lane in self._all_lanes() if lane.queue and lane.not_before]
        waits += [job.not_before for job in self._jobs.finished() if job.not_before]
        return min(waits, default=None)

    def _open(self) -> None:
        if self._producer is not None:
            return
        inputs = list(self._routes)
        if self._spec.state is not None:
            check_copartitioned(self._broker, [*inputs, self._spec.state.name])
        self._producer = self._broker.producer(
            transactional_id=f"{self._spec.name}-{self._instance}"
        )
        self._transaction = Transaction(self._producer, at=self._at)
        self._tables = [
            Table(route, topic=topic_of(route.payload).name, broker=self._broker)
            for route in self._spec.tables
        ]

    # --- the group ----------------------------------------------------------------------

    def on_assigned(
        self, partitions: Sequence[TopicPartition], /
    ) -> Mapping[TopicPartition, int | None]:
        """Take partitions over (``Listener``)."""
        self._moved = True
        self._lanes = {}
        return self._take_over(partitions)

    def on_revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        """Commit what is gathered and forget the partitions (``Listener``)."""
        self._commit(restore=False)
        self._let_go(partitions)

    def on_lost(self, partitions: Sequence[TopicPartition], /) -> None:
        """Forget partitions that are somebody else's (``Listener``)."""
        self._tx.abort()
        self._let_go(partitions)

    def _take_over(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, int | None]:
        committed = self._in_group.committed(partitions)
        starts, jobs = self._keeper.restore(committed)
        for partition in partitions:
            place = (partition.topic, partition.partition)
            lane = self._lanes.setdefault(place, Lane(partition, self._routes[partition.topic]))
            lane.replay_until = committed[partition] or 0
        self._positions = {p: offset for p, offset in committed.items() if offset is not None}
        self._jobs.keep_only({job.key for job, _ in jobs})
        for job, number in jobs:
            self._jobs.start(job, partition=number)
        self._paused = set()
        return starts

    def _let_go(self, partitions: Sequence[TopicPartition]) -> None:
        self._moved = self._was_reset = True
        self._keeper.revoke(partitions)
        self._lanes, self._positions, self._paused = {}, {}, set()

    def _reset(self) -> None:
        """Forget what is in memory and go on from the last commit."""
        self._was_reset = True
        self._tx.abort()
        if not self._lanes:
            return
        partitions = [lane.partition for lane in self._lanes.values()]
        for lane in self._lanes.values():
            lane.queue.clear()
            lane.held = None
        self._keeper.revoke(partitions)
        self._in_group.restart(self._take_over(partitions))

    # --- reading ------------------------------------------------------------------------

    def _poll(self, timeout_seconds: float) -> None:
        if not self._routes:
            return
        if self._consumer is None:
            self._consumer = self._broker.consumer(
                group=self._spec.name,
                instance=self._instance,
                topics=list(self._routes),
                listener=self,
            )
        settings = self._settings
        limit = settings.batch_rows if self._is_batching else _EVENT_RECORDS
        records = self._consumer.poll(limit=limit, timeout_seconds=timeout_seconds)
        self._was_full = len(records) >= limit
        for record in records:
            lane = self._lanes.get((record.topic, record.partition))
            if lane is not None:
                lane.queue.append(record)
        if records:
            self._moved = True
            self._at("polled")

    def _follow_tables(self, timeout_seconds: float) -> None:
        for table in self._tables or ():
            wait = 0.0 if self.is_caught_up else timeout_seconds
            if table.fill(limit=_EVENT_RECORDS, timeout_seconds=wait):
                self._moved = True
            self._work_table(table)
            if table.go_live():
                self._moved = True
                self._work_table(table)
            table.settle()

    def _work_table(self, table: Table) -> None:
        self._finish_lane(table.lane, publish=table.is_live)
        self._work_lane(table.lane, publish=table.is_live)

    def _steer(self) -> None:
        """Pause what has records waiting, go on with what has none: that is backpressure."""
        if self._consumer is None:
            return
        busy = {lane.partition for lane in self._lanes.values() if lane.queue}
        if busy - self._paused:
            self._consumer.pause(busy - self._paused)
        if self._paused - busy:
            self._consumer.resume(self._paused - busy)
        self._paused = busy

    def _poll_seconds(self) -> float:
        busy = len(self._jobs) or any(lane.queue for lane in self._all_lanes())
        return _BUSY_POLL_SECONDS if busy else _IDLE_POLL_SECONDS

    # --- events, one at a time ----------------------------------------------------------

    def _work_events(self) -> None:
        for lane in list(self._lanes.values()):
            if not isinstance(lane.route, BatchRoute) or _is_single(lane):
                self._work_lane(lane, publish=True)
            if self._was_reset:
                return

    def _work_lane(self, lane: Lane, *, publish: bool) -> None:
        while lane.queue and not lane.is_blocked(self._clock.monotonic()):
            if isinstance(lane.route, BatchRoute) and not _is_single(lane):
                return
            self._moved = True
            record = lane.queue[0]
            publish_this = publish and record.offset >= lane.replay_until
            started = self._clock.monotonic()
            outcome = attempt(partial(self._handle, lane, record))
            self._metrics.observe(
                "handle_seconds", self._clock.monotonic() - started, topic=record.topic
            )
            self._settle(lane, record, outcome, publish=publish_this)
            if self._was_reset:
                return

    def _handle(self, lane: Lane, record: Record) -> Prepared | Held:
        if _is_for_another(record, self._spec.name):
            return Prepared((), (), (), {})
        route = lane.route
        if isinstance(route, BatchRoute):
            return self._prepare(route.handler([record]), cause=None, number=record.partition)
        event = decode(route.payload, value=record.value, headers=record.headers)
        lane.cause = event.meta
        reaction = route.handler(event.payload, event.meta)
        self._at("handled")
        if isinstance(reaction, Held):
            return reaction
        return self._prepare(reaction, cause=event.meta, number=record.partition)

    def _settle(
        self, lane: Lane, record: Record, outcome: Outcome[Prepared | Held], *, publish: bool
    ) -> None:
        match outcome:
            case Done(Held(work)):
                lane.held = self._beside.submit(lambda: attempt(work))
            case Done(Prepared() as prepared):
                self._complete(lane, record, prepared, publish=publish)
            case Retry(error):
                _LOG.warning("tried again in %s s: %s", error.delay_seconds, error)
                self._delay(lane, record, error.delay_seconds)
            case Bug(error) if self._attempts(lane, record) + 1 < self._settings.attempts:
                _LOG.warning("unforeseen, tried again", exc_info=error)
                self._delay(lane, record, _BUG_DELAY_SECONDS)
                self._restore_after_bug(lane)
            case Bug(error):
                self._give_up(lane, record, "bug", error, publish=publish)
                self._restore_after_bug(lane)
            case Dead(reason, error):
                self._give_up(lane, record, reason, error, publish=publish)

    def _complete(self, lane: Lane, record: Record, prepared: Prepared, *, publish: bool) -> None:
        cause = lane.cause
        lane.advance()
        self._count(record.topic, "handled")
        if not publish:
            return
        self._put(prepared, offsets=_next(lane, record), urgent=True)
        self._log("handled", record, cause)

    def _finish_held(self) -> None:
        for lane in list(self._lanes.values()):
            self._finish_lane(lane, publish=True)
            if self._was_reset:
                return

    def _finish_lane(self, lane: Lane, *, publish: bool) -> None:
        if lane.held is None or not lane.held.done():
            return
        self._moved = True
        record, outcome, lane.held = lane.queue[0], lane.held.result(), None
        publish = publish and record.offset >= lane.replay_until
        settled: Outcome[Prepared | Held]
        if isinstance(outcome, Done):
            cause, reaction = lane.cause, outcome.result
            settled = attempt(lambda: self._prepare(reaction, cause=cause, number=record.partition))
        else:
            settled = outcome
        self._settle(lane, record, settled, publish=publish)

    def _attempts(self, lane: Lane, record: Record) -> int:
        return lane.attempts if lane.failing == record.offset else 0

    def _delay(self, lane: Lane, record: Record, seconds: float) -> None:
        lane.attempts = self._attempts(lane, record) + 1
        lane.failing = record.offset
        lane.not_before = self._clock.monotonic() + seconds
        self._count(record.topic, "retried")

    def _restore_after_bug(self, lane: Lane) -> None:
        """A handler that failed half-way may have left half a change in memory: restore."""
        if self._keeper.is_stateful and not isinstance(lane.route, TableRoute):
            self._commit(restore=False)
            self._reset()

    # --- batches ------------------------------------------------------------------------

    def _work_batches(self) -> None:
        for route in self._spec.batches:
            lanes = [
                lane
                for lane in self._lanes.values()
                if lane.route is route
                and lane.queue
                and not _is_single(lane)
                and not lane.is_blocked(self._clock.monotonic())
            ]
            groups = [[lane] for lane in lanes] if self._keeper.is_stateful else [lanes]
            for group in groups:
                if group and not self._was_reset:
                    self._work_batch(route, group)

    def _work_batch(self, route: BatchRoute, lanes: list[Lane]) -> None:
        self._moved = True
        replayed = _replayed(lanes[0]) if self._keeper.is_stateful else 0
        taken = [(lane, replayed or len(lane.queue)) for lane in lanes]
        records = [
            lane.queue[i]
            for lane, count in taken
            for i in range(count)
            if not _is_for_another(lane.queue[i], self._spec.name)
        ]
        number, started = lanes[0].partition.partition, self._clock.monotonic()
        outcome = attempt(lambda: self._prepare(route.handler(records), cause=None, number=number))
        self._at("handled")
        self._metrics.observe(
            "handle_seconds", self._clock.monotonic() - started, topic=route.topic.name
        )
        match outcome:
            case Done(prepared):
                self._complete_batch(route, taken, prepared, publish=not replayed)
            case Retry(error):
                _LOG.warning("batch tried again in %s s: %s", error.delay_seconds, error)
                for lane in lanes:
                    self._delay(lane, lane.queue[0], error.delay_seconds)
            case Bug(error) | Dead(_, error):
                _LOG.warning("a batch failed: its records are taken one by one", exc_info=error)
                for lane, count in taken:
                    lane.single_until = lane.queue[count - 1].offset + 1
                self._restore_after_bug(lanes[0])

    def _complete_batch(
        self,
        route: BatchRoute,
        taken: list[tuple[Lane, int]],
        prepared: Prepared,
        *,
        publish: bool,
    ) -> None:
        offsets = []
        for lane, count in taken:
            offsets.append((lane.partition, lane.queue[count - 1].offset + 1))
            lane.advance(count)
        amount = sum(count for _, count in taken)
        self._metrics.count("events", amount, topic=route.topic.name, outcome="handled")
        if publish:
            self._put(prepared, offsets=offsets, urgent=False)

    # --- jobs and ticks -----------------------------------------------------------------

    def _finish_jobs(self) -> None:
        owned = {lane.partition.partition for lane in self._lanes.values()}
        for running in self._jobs.finished():
            if running.partition in owned and self._clock.monotonic() >= running.not_before:
                self._moved = True
                self._finish_job(running)
            if self._was_reset:
                return

    def _finish_job(self, running: Running) -> None:
        job, assignment = running.job, self._spec.assignment
        if assignment is None:
            raise Fatal(f"{self._spec.name} returned a job and has nobody to take its result")
        result = running.result
        outcome = attempt(
            lambda: self._prepare(
                assignment.on_done(job.key, job.cause, result),
                cause=job.cause,
                number=running.partition,
            )
        )
        match outcome:
            case Done(prepared):
                self._put(prepared, offsets=(), urgent=True, finished=[job.key])
                self._tx.keep(self._positions.items())
                self._commit()
            case Retry(error):
                running.not_before = self._clock.monotonic() + error.delay_seconds
            case Bug(error) | Dead(_, error):
                running.attempts += 1
                if running.attempts >= self._settings.attempts:
                    raise Fatal(f"the result of job {job.key} cannot be taken: {error!r}")
                _LOG.warning("a job's result was not taken, again", exc_info=error)
                running.not_before = self._clock.monotonic() + _BUG_DELAY_SECONDS

    def _tick(self) -> None:
        now, on_tick = self._clock.monotonic(), self._spec.on_tick
        if not self._ticks or now - self._ticked_at < _TICK_SECONDS:
            return
        self._ticked_at = now
        self._report_lag()
        if on_tick is None or self._was_reset or not self._lanes:
            return
        outcome = attempt(lambda: self._prepare(on_tick(), cause=None, number=None))
        match outcome:
            case Done(prepared):
                self._tick_failures = 0
                if not prepared.is_empty:
                    self._put(prepared, offsets=(), urgent=True)
                    self._tx.keep(self._positions.items())
            case Retry(error):
                _LOG.warning("tick: %s", error)
            case Bug(error) | Dead(_, error):
                self._tick_failures += 1
                if self._tick_failures >= self._settings.attempts:
                    raise Fatal(f"on_tick failed {self._tick_failures} times: {error!r}")
                _LOG.warning("tick failed", exc_info=error)

    # --- publishing ---------------------------------------------------------------------

    def _prepare(
        self, reaction: Reaction, *, cause: EventMeta | None, number: int | None
    ) -> Prepared:
        known = self._keeper.partition_of_key
        return prepare(self._spec, reaction, cause=cause, partition=number, known_keys=known)

    def _put(
        self,
        prepared: Prepared,
        *,
        offsets: Sequence[tuple[TopicPartition, int]],
        urgent: bool,
        finished: Sequence[str] = (),
    ) -> None:
        letters = []
        for rejected in prepared.rejected:
            reason: Reason = "poison" if isinstance(rejected.error, Poison) else "permanent"
            letters.append(self._letter(rejected.record, reason, rejected.error, attempts=1))
        self._keeper.partition_of_key |= prepared.keys
        self._tx.add(
            [*prepared.records, *letters],
            now=self._clock.monotonic(),
            offsets=offsets,
            accepted=prepared.accepted,
            finished=finished,
            urgent=urgent,
        )

    def _give_up(
        self, lane: Lane, record: Record, reason: Reason, error: Exception, *, publish: bool
    ) -> None:
        attempts = self._attempts(lane, record) + 1
        lane.advance()
        self._log(f"given up ({reason}): {error}", record, None, level=logging.ERROR)
        if publish:
            letter = self._letter(record, reason, error, attempts=attempts)
            self._tx.add([letter], now=self._clock.monotonic(), offsets=_next(lane, record))

    def _letter(
        self, record: Record, reason: Reason, error: Exception, *, attempts: int
    ) -> Outgoing:
        self._limit.note(self._clock.monotonic())
        self._count(record.topic, "dead")
        self._metrics.count("dead_letters", topic=record.topic, reason=reason)
        letter = dead_letter(
            record,
            group=self._spec.name,
            reason=reason,
            error=error,
            attempts=attempts,
            time=self._clock.now(),
        )
        return encode_dead_letter(letter, topic=f"{self._spec.service}.dead-letter")

    def _commit_when_due(self) -> None:
        tx = self._transaction
        if tx is None or not tx.is_open:
            return
        age = self._clock.monotonic() - tx.opened_at
        if tx.is_urgent or not self._was_full or age >= self._settings.slice_seconds:
            self._commit()

    def _commit(self, *, restore: bool = True) -> None:
        contents = self._tx.commit(self._consumer)
        if contents is None:
            self._metrics.count("transactions_committed", outcome="undone")
            if restore:
                self._reset()
            return
        self._positions |= contents.offsets
        self._jobs.forget(contents.finished)
        for job, number in contents.accepted:
            self._jobs.start(job, partition=number)
        self._metrics.count("transactions_committed", outcome="committed")
        self._metrics.set(
            "last_success_timestamp_seconds", self._clock.now().timestamp(), stage=self._spec.name
        )

    # --- small things -------------------------------------------------------------------

    @property
    def _tx(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("the loop is not open")
        return self._transaction

    @property
    def _in_group(self) -> Consumer:
        if self._consumer is None:
            raise RuntimeError("the loop has not joined its group")
        return self._consumer

    def _all_lanes(self) -> list[Lane]:
        return [*self._lanes.values(), *(table.lane for table in self._tables or ())]

    def _count(self, topic: str, outcome: str) -> None:
        self._metrics.count("events", topic=topic, outcome=outcome)

    def _report_lag(self) -> None:
        for partition, lag in (self._consumer.lag() if self._consumer else {}).items():
            self._metrics.set(
                "consumer_lag", lag, topic=partition.topic, partition=str(partition.partition)
            )
        self._metrics.set("jobs_running", len(self._jobs), stage=self._spec.name)

    def _log(
        self, message: str, record: Record, meta: EventMeta | None, *, level: int = logging.INFO
    ) -> None:
        fields: dict[str, object] = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
        }
        if meta is not None:
            fields |= {
                "event_id": meta.id,
                "event_type": meta.type,
                "lifecycle_id": meta.lifecycle_id,
                "model": meta.subject,
            }
        _LOG.log(level, message, extra=fields)


def _routes(spec: ServiceSpec) -> dict[str, AnyRoute]:
    routes: dict[str, AnyRoute] = {}
    by_topic: list[tuple[str, AnyRoute]] = [
        *((topic_of(route.payload).name, route) for route in spec.routes),
        *((route.topic.name, route) for route in spec.batches),
    ]
    for topic, route in by_topic:
        if topic in routes:
            raise ValueError(f"{spec.name} has two routes for {topic}")
        routes[topic] = route
    return routes


def _next(lane: Lane, record: Record) -> list[tuple[TopicPartition, int]]:
    """Return the offset that `record` allows to commit: none for a table."""
    return [] if isinstance(lane.route, TableRoute) else [(lane.partition, record.offset + 1)]


def _is_single(lane: Lane) -> bool:
    """Whether the head must be taken alone: the batch it was in has failed."""
    return bool(lane.queue) and lane.queue[0].offset < lane.single_until


def _replayed(lane: Lane) -> int:
    """Return how many records at the head were published by a predecessor."""
    return sum(1 for record in lane.queue if record.offset < lane.replay_until)


def _is_for_another(record: Record, group: str) -> bool:
    """Whether `record` was redriven for another group than ours."""
    return any(name == REDRIVEN_FOR and value != group.encode() for name, value in record.headers)
