"""The transaction that a loop gathers: records, offsets, and the jobs that hang on its commit.

Owns the order of things: everything sent and every offset become visible together, and only
then does accepted work start. Must never decide what belongs in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from evermodel.common.messaging.faultpoints import FaultPoint
from evermodel.common.messaging.ports import Consumer, Producer
from evermodel.common.messaging.preparing import Accepted
from evermodel.common.messaging.records import Outgoing, TopicPartition


@dataclass(slots=True)
class Contents:
    """What hangs on the commit. `finished`: job keys."""

    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)


class Transaction:
    """Opened by the first thing put in; one at a time."""

    def __init__(self, producer: Producer, *, at: FaultPoint) -> None:
        self._producer = producer
        self._at = at
        self._contents: Contents | None = None
        self.opened_at = 0.0
        self.is_urgent = False

    @property
    def is_open(self) -> bool:
        """Whether there is something to commit."""
        return self._contents is not None

    def add(
        self,
        records: Sequence[Outgoing] = (),
        *,
        now: float,
        offsets: Iterable[tuple[TopicPartition, int]] = (),
        accepted: Iterable[Accepted] = (),
        finished: Iterable[str] = (),
        urgent: bool = True,
    ) -> None:
        """Put `records` in, with the offsets they answer; `urgent`: commit at the turn's end.

        An offset that is behind what is in already changes nothing.
        """
        if self._contents is None:
            self._producer.begin()
            self._contents, self.opened_at, self.is_urgent = Contents(), now, False
        for record in records:
            self._producer.send(record)
        if records:
            self._at("sent")
        known = self._contents.offsets
        known.update((p, offset) for p, offset in offsets if offset > known.get(p, -1))
        self._contents.accepted.extend(accepted)
        self._contents.finished.extend(finished)
        self.is_urgent |= urgent

    def commit(self, consumer: Consumer | None) -> Contents:
        """Return what has become true.

        Raises:
            TransactionAborted: it was undone: nothing has.
        """
        if self._contents is None:
            return Contents()
        contents, self._contents = self._contents, None
        self._at("committing")
        self._producer.commit(contents.offsets, consumer=consumer if contents.offsets else None)
        self._at("committed")
        return contents

    def abort(self) -> None:
        """Undo what is in."""
        if self._contents is not None:
            self._contents = None
            self._producer.abort()
