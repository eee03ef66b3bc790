"""One partition's records on their way through the loop: the queue, and what holds up its head.

Owns how often the head has failed, how long it waits, and whether it may speak. The head is, in
this order: worked on beside the loop (`held`), waiting (`delay`), or next::

    queue  [head] [ ] [ ] ...      held ──done──▶ settled ──▶ advance | delay | hold
"""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from evermodel.common.events.envelope import EventMeta
from evermodel.common.messaging.api import BatchRoute, Reaction, Rest, Route, TableRoute
from evermodel.common.messaging.outcome import Outcome
from evermodel.common.messaging.records import Record, TopicPartition

AnyRoute = Route | TableRoute | BatchRoute  # type: ignore[type-arg]  # any payload


@dataclass(slots=True)
class Lane:
    """Records of one partition, in order.

    `not_before`: monotonic seconds. `single_until`: a batch that failed as a whole is taken one
    by one up to this offset, so that only the culprit is given up. `replay_until`: records below
    it were published before, by a predecessor. `is_silent`: a table that is still read for the
    first time. `unsaid`: of a table, what was handled aloud and is not committed yet.
    `given_up`: offsets that no handler sees again when the partition is rewound.
    """

    partition: TopicPartition
    route: AnyRoute
    queue: deque[Record] = field(default_factory=deque)
    held: "Future[Outcome[Reaction | Rest]] | None" = None
    not_before: float = 0.0
    cause: EventMeta | None = None
    single_until: int = -1
    replay_until: int = 0
    is_silent: bool = False
    unsaid: list[Record] = field(default_factory=list)
    given_up: set[int] = field(default_factory=set)
    _failures: int = 0
    _bugs: int = 0
    _failing: int = -1

    @property
    def head(self) -> Record:
        """The record that is next."""
        return self.queue[0]

    @property
    def failures(self) -> int:
        """How often the head has failed. Outlives a restart from the last commit."""
        return self._failures if self._failing == self.head.offset else 0

    @property
    def bugs(self) -> int:
        """How many of these failures were bugs: a system that is away takes no try from those."""
        return self._bugs if self._failing == self.head.offset else 0

    @property
    def is_table(self) -> bool:
        """Whether its records are every replica's: no offset of theirs is committed."""
        return isinstance(self.route, TableRoute)

    @property
    def is_single(self) -> bool:
        """Whether the head is taken alone: an event, or a record whose batch has failed."""
        if not isinstance(self.route, BatchRoute):
            return True
        return bool(self.queue) and self.head.offset < self.single_until

    @property
    def replayed(self) -> int:
        """How many records at the head were published by a predecessor."""
        return sum(1 for record in self.queue if record.offset < self.replay_until)

    def is_blocked(self, at: float) -> bool:
        """Whether the head cannot be taken at monotonic time `at`."""
        return self.held is not None or at < self.not_before

    def speaks(self) -> bool:
        """Whether what follows from the head is published."""
        return not self.is_silent and self.head.offset >= self.replay_until

    def since_ms(self) -> int | None:
        """When the head was written. Of a table nobody asks: its last records are said again."""
        return self.head.timestamp_ms if self.head.timestamp_ms > 0 and not self.is_table else None

    def delay(self, *, until: float, is_bug: bool = False) -> None:
        """Let the head be tried again at monotonic time `until`."""
        self._failures, self._bugs = self.failures + 1, self.bugs + is_bug
        self._failing = self.head.offset
        self.not_before = until

    def advance(self, count: int = 1) -> list[tuple[TopicPartition, int]]:
        """Drop the head, or the first `count`: dealt with. Return the offset that may commit.

        Of a record that comes later it is still known how often it has failed: after a restart
        those before it, which only refill buffers, are handled first.
        """
        if self.is_table and not self.is_silent:
            self.unsaid.append(self.head)
        for _ in range(count):
            record = self.queue.popleft()
        self.not_before, self.held, self.cause = 0.0, None, None
        return [] if self.is_table else [(self.partition, record.offset + 1)]

    def say_again(self) -> None:
        """Put back what an undone transaction answered: no offset brings a table's record back."""
        if self.unsaid:
            self.queue.extendleft(reversed(self.unsaid))
            self.unsaid.clear()
            self.not_before, self.held, self.cause = 0.0, None, None

    def forget(self) -> None:
        """Drop what was read: it will be read again."""
        self.queue.clear()
        self.held = None
