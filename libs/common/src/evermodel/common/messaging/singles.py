"""Works a lane off one record at a time: events, and the records of a batch that failed.

Owns what becomes of the outcome of one record::

    handle ─▶ Done ─▶ publish, next        Held ─▶ beside the loop, the rest as if handled here
              Retry ─▶ the same again, after a delay
              Bug ─▶ the same again, a bounded number of times, then dead letter
              Dead ─▶ dead letter, next

A handler may have changed the service's memory before it failed, so that is rebuilt before
anything else is handled; a record that no handler has seen leaves it alone, and so does an event
of a model that is not ours.

Held work runs on when its partition is lost, or read again: nobody can stop it. Should the same
record come back, it waits until that has ended: two of one record at once would each look up what
the other is making, and make it twice.

To rebuild the memory forgets what others have under way, too. So what has failed before is tried
again only when the work that was under way then has ended: else a model that fails each second
would hold up, for ever, every other whose work takes longer.

Must never commit: the turn does.
"""

from concurrent.futures import Future
from functools import partial

from evermodel.common.events.codec import decode
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.errors import Foreign, Poison, Reason
from evermodel.common.messaging.api import BatchRoute, Held, Reaction, Rest, ServiceSpec
from evermodel.common.messaging.deadletter import is_for_another
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.means import Means
from evermodel.common.messaging.outcome import (
    BUG_DELAY_SECONDS,
    Bug,
    Dead,
    Done,
    Outcome,
    Retry,
    StateInDoubt,
    attempt,
)
from evermodel.common.messaging.preparing import UNANSWERED, Prepared
from evermodel.common.messaging.records import TopicPartition

#: Work that hangs, or was left behind, is not waited for longer than this by what has failed.
_MOST_SECONDS = 60.0


class Singles:
    """Handles the head of a lane, and settles it."""

    def __init__(self, spec: ServiceSpec, *, means: Means) -> None:
        self._spec = spec
        self._outbox, self._beside, self._clock = means.outbox, means.beside, means.clock
        self._attempts, self._report, self._at = means.attempts, means.report, means.at
        self._begun: dict[TopicPartition, Future[Outcome[Reaction | Rest]]] = {}
        #: The offset whose work is under way, be it for the second time, and since when.
        self._under_way: dict[TopicPartition, tuple[int, float]] = {}

    def work(self, lane: Lane) -> bool:
        """Handle records until one must wait or none is left; return whether there was one.

        Raises:
            StateInDoubt: a handler of a service with state failed.
        """
        has_moved = False
        while lane.queue and lane.is_single and not self._is_blocked(lane):
            has_moved = True
            with self._report.timing(lane.head.topic):
                outcome = attempt(partial(self._handle, lane))
            self._settle(lane, outcome)
        return has_moved

    def finish(self, lane: Lane) -> bool:
        """Settle the held work of the head when it is done; return whether it was.

        Raises:
            StateInDoubt: as above.
        """
        if lane.held is None or not lane.held.done():
            return False
        outcome, lane.held = lane.held.result(), None
        if isinstance(outcome, Done):
            self._settle(lane, attempt(partial(self._rest, lane, outcome.result)))
        else:
            self._settle(lane, outcome)
        return True

    def let_go(self) -> None:
        """Wait for nothing that is another replica's by now."""
        self._under_way.clear()

    def _is_blocked(self, lane: Lane) -> bool:
        begun = self._begun.get(lane.partition)
        is_left = begun is not None and not begun.done()
        return is_left or lane.is_blocked(self._clock.monotonic()) or self._lets_go_first(lane)

    def _lets_go_first(self, lane: Lane) -> bool:
        """Whether the head has failed, and others have what was under way when it was due."""
        if not lane.failures or lane.is_table or self._spec.assignment is None:
            return False
        if self._clock.monotonic() > lane.not_before + _MOST_SECONDS:
            return False
        return any(since < lane.not_before for _, since in self._under_way.values())

    def _handle(self, lane: Lane) -> Prepared | Held:
        route, record, lane.cause = lane.route, lane.head, None
        if record.offset in lane.given_up or is_for_another(record, self._spec.name):
            return UNANSWERED
        if record.flaw is not None:
            raise Poison(record.flaw)
        if isinstance(route, BatchRoute):
            reaction = route.handler([record])
            return self._prepare(lane, reaction, cause=None)
        event = decode(route.payload, value=record.value, headers=record.headers)
        lane.cause = event.meta
        answer = route.handler(event.payload, event.meta)
        self._at("handled")
        if isinstance(answer, Held):
            return answer
        return self._prepare(lane, answer, cause=event.meta)

    def _rest(self, lane: Lane, result: Reaction | Rest) -> Prepared | Held:
        answer = result if isinstance(result, Reaction) else result()
        if isinstance(answer, Held):
            return answer
        return self._prepare(lane, answer, cause=lane.cause)

    def _prepare(self, lane: Lane, reaction: Reaction, *, cause: EventMeta | None) -> Prepared:
        return self._outbox.prepare(
            reaction, cause=cause, number=lane.head.partition, since_ms=lane.since_ms()
        )

    def _note_work(self, lane: Lane) -> None:
        offset, since = self._under_way.get(lane.partition, (-1, 0.0))
        if offset != lane.head.offset:
            since = self._clock.monotonic()
        self._under_way[lane.partition] = lane.head.offset, since

    def _settle(self, lane: Lane, outcome: Outcome[Prepared | Held] | Outcome[Prepared]) -> None:
        match outcome:
            case Done(Held(work)):
                lane.held = self._beside.submit(lambda: attempt(work))
                self._begun[lane.partition] = lane.held
                self._note_work(lane)
            case Done(Prepared() as prepared):
                self._under_way.pop(lane.partition, None)
                self._complete(lane, prepared)
            case Retry() | Bug() | Dead() as failure:
                self._under_way.pop(lane.partition, None)
                is_in_doubt = self._is_in_doubt(lane) and not _is_foreign(failure)
                self._fail(lane, failure)
                if is_in_doubt:
                    raise StateInDoubt

    def _fail(self, lane: Lane, failure: Retry | Bug | Dead) -> None:
        match failure:
            case Retry(error):
                self._delay(lane, error, seconds=error.delay_seconds)
            case Bug(error) if lane.bugs + 1 < self._attempts:
                self._report.failed("unforeseen, tried again", error)
                self._delay(lane, error, seconds=BUG_DELAY_SECONDS, is_bug=True)
            case Bug(error):
                self._give_up(lane, "bug", error)
            case Dead(reason, error):
                self._give_up(lane, reason, error)

    def _complete(self, lane: Lane, prepared: Prepared) -> None:
        record, cause, speaks = lane.head, lane.cause, lane.speaks()
        offsets = lane.advance()
        self._report.handled(record.topic)
        if speaks:
            self._outbox.put(prepared, offsets=offsets, taken=1)
            self._report.answered(record, cause)

    def _delay(self, lane: Lane, error: Exception, *, seconds: float, is_bug: bool = False) -> None:
        self._report.retried(lane.head, error, seconds=seconds)
        lane.delay(until=self._clock.monotonic() + seconds, is_bug=is_bug)

    def _give_up(self, lane: Lane, reason: Reason, error: Exception) -> None:
        record, attempts, speaks = lane.head, lane.failures + 1, lane.speaks()
        if not lane.is_table:  # never rewound: it comes again only if its letter was undone
            lane.given_up.add(record.offset)
        elif speaks and self._outbox.is_gathering:
            lane.held = _settled(Dead(reason, error))  # until what is gathered is committed
            return
        elif speaks:  # at each start the last of a table comes again
            speaks = not self._outbox.holds(record, reason, error, attempts=attempts)
        offsets = lane.advance()
        self._report.given_up(record, reason, error)
        if speaks:
            self._outbox.bury(record, reason, error, attempts=attempts, offsets=offsets)

    def _is_in_doubt(self, lane: Lane) -> bool:
        """Whether a handler that keeps state was called with the head."""
        was_called = lane.cause is not None or isinstance(lane.route, BatchRoute)
        return was_called and self._spec.assignment is not None and not lane.is_table


def _is_foreign(failure: Retry | Bug | Dead) -> bool:
    return isinstance(failure, Dead) and isinstance(failure.error, Foreign)


def _settled(outcome: Dead) -> Future[Outcome[Reaction | Rest]]:
    future: Future[Outcome[Reaction | Rest]] = Future()
    future.set_result(outcome)
    return future
