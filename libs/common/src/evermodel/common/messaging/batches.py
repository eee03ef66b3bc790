"""Works the data plane off in batches: every record that waits, of every lane of a route.

Owns the making of a batch, and what becomes of its outcome. A batch that fails is handed to
``singles.py``, record by record, so that only the culprit is given up. Must never commit.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.api import NOTHING, BatchRoute, Reaction, Rejected, ServiceSpec
from evermodel.common.messaging.deadletter import is_for_another
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.means import Means
from evermodel.common.messaging.outcome import Bug, Dead, Done, Retry, StateInDoubt, attempt
from evermodel.common.messaging.preparing import UNANSWERED, Prepared
from evermodel.common.messaging.records import Record

#: The first `count` records of a lane.
Cut = tuple[Lane, int]


class Batches:
    """Handles what lies ready. A service with state gets one partition at a time."""

    def __init__(self, spec: ServiceSpec, *, means: Means) -> None:
        self._spec = spec
        self._outbox, self._clock = means.outbox, means.clock
        self._report, self._at = means.report, means.at

    def work(self, lanes: Sequence[Lane]) -> bool:
        """Handle one batch of each route; return whether there was one.

        Raises:
            StateInDoubt: a handler of a service with state failed.
        """
        has_moved = False
        for route in self._spec.batches:
            for group in self._groups([lane for lane in lanes if self._is_ready(lane, route)]):
                has_moved = True
                self._work(route, self._cut(group))
        return has_moved

    @property
    def _is_stateful(self) -> bool:
        return self._spec.assignment is not None

    def _is_ready(self, lane: Lane, route: BatchRoute) -> bool:
        return (
            lane.route is route
            and bool(lane.queue)
            and not lane.is_single
            and not lane.is_blocked(self._clock.monotonic())
        )

    def _groups(self, lanes: list[Lane]) -> list[list[Lane]]:
        if self._is_stateful:
            return [[lane] for lane in lanes]
        return [lanes] if lanes else []

    def _cut(self, lanes: Sequence[Lane]) -> list[Cut]:
        """Never mix records that a predecessor published with new ones: they do not speak."""
        return [(lane, (self._is_stateful and lane.replayed) or len(lane.queue)) for lane in lanes]

    def _work(self, route: BatchRoute, cuts: Sequence[Cut]) -> None:
        with self._report.timing(route.topic.name):
            outcome = attempt(partial(self._handle, route, cuts))
        self._at("handled")
        match outcome:
            case Done(prepared):
                self._complete(route, cuts, prepared)
            case Retry(error):
                self._delay(cuts, error, seconds=error.delay_seconds)
                self._doubt()
            case Bug(error) | Dead(_, error):
                self._report.failed("a batch failed: its records are taken one by one", error)
                self._take_apart(cuts)
                self._doubt()

    def _handle(self, route: BatchRoute, cuts: Sequence[Cut]) -> Prepared:
        records = [
            lane.queue[i]
            for lane, count in cuts
            for i in range(count)
            if self._is_ours(lane, lane.queue[i])
        ]
        if not records:
            return UNANSWERED
        return self._outbox.prepare(
            _answered(route, records),
            cause=None,
            number=cuts[0][0].partition.partition,
            since_ms=min(
                (s for lane, _ in cuts if (s := lane.since_ms()) is not None), default=None
            ),
        )

    def _is_ours(self, lane: Lane, record: Record) -> bool:
        return not (record.offset in lane.given_up or is_for_another(record, self._spec.name))

    def _complete(self, route: BatchRoute, cuts: Sequence[Cut], prepared: Prepared) -> None:
        speaks = all(lane.speaks() for lane, _ in cuts)
        offsets = [offset for lane, count in cuts for offset in lane.advance(count)]
        count = sum(count for _, count in cuts)
        self._report.handled(route.topic.name, count)
        if speaks:
            taken = count - len(prepared.rejected)
            self._outbox.put(prepared, offsets=offsets, urgent=False, taken=taken)

    def _delay(self, cuts: Sequence[Cut], error: Exception, *, seconds: float) -> None:
        for lane, _ in cuts:
            self._report.retried(lane.head, error, seconds=seconds)
            lane.delay(until=self._clock.monotonic() + seconds)

    def _take_apart(self, cuts: Sequence[Cut]) -> None:
        for lane, count in cuts:
            lane.single_until = lane.queue[count - 1].offset + 1

    def _doubt(self) -> None:
        if self._is_stateful:
            raise StateInDoubt


def _answered(route: BatchRoute, records: Sequence[Record]) -> Reaction:
    """Return what follows from `records`; those that could not be read go to no handler."""
    flawed = [Rejected(r, Poison(r.flaw)) for r in records if r.flaw is not None]
    if not flawed:
        return route.handler(records)
    sound = [record for record in records if record.flaw is None]
    reaction = route.handler(sound) if sound else NOTHING
    return replace(reaction, rejected=[*reaction.rejected, *flawed])
