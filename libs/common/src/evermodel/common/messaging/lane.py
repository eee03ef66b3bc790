"""One partition's records on their way through the loop: the queue, and what holds it up."""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from evermodel.common.events.envelope import EventMeta
from evermodel.common.messaging.api import BatchRoute, Reaction, Route, TableRoute
from evermodel.common.messaging.outcome import Outcome
from evermodel.common.messaging.records import Record, TopicPartition

AnyRoute = Route | TableRoute | BatchRoute  # type: ignore[type-arg]  # any payload


@dataclass(slots=True)
class Lane:
    """Records of one partition, in order.

    The head is being worked on by `held`, waits until `not_before` (monotonic seconds), or is
    next. `attempts` counts the failures of the record at offset `failing`. `single_until`: a
    batch that failed as a whole is taken one by one up to this offset, so that only the culprit
    is given up. `replay_until`: records below it were published before, by a predecessor.
    """

    partition: TopicPartition
    route: AnyRoute
    queue: deque[Record] = field(default_factory=deque)
    held: "Future[Outcome[Reaction]] | None" = None
    not_before: float = 0.0
    attempts: int = 0
    failing: int = -1
    cause: EventMeta | None = None
    single_until: int = -1
    replay_until: int = 0

    def is_blocked(self, at: float) -> bool:
        """Whether the head cannot be taken at monotonic time `at`."""
        return self.held is not None or at < self.not_before

    def advance(self, count: int = 1) -> None:
        """Drop the head, or the first `count`: they are dealt with."""
        for _ in range(count):
            self.queue.popleft()
        self.attempts, self.not_before, self.held, self.cause = 0, 0.0, None, None
