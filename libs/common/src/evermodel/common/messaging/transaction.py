"""The transaction that a loop gathers: records, offsets, and the jobs that hang on its commit.

Owns the order of things: everything sent and every offset become visible together, and only
then does accepted work start. Must never decide what belongs in.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from evermodel.common.messaging.api import Job
from evermodel.common.messaging.faultpoints import FaultPoint
from evermodel.common.messaging.ports import Consumer, Producer, TransactionAborted
from evermodel.common.messaging.records import Outgoing, TopicPartition

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Contents:
    """What hangs on the commit. `accepted`: jobs by partition number; `finished`: job keys."""

    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    accepted: list[tuple[Job, int]] = field(default_factory=list)
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
        accepted: Iterable[tuple[Job, int]] = (),
        finished: Iterable[str] = (),
        urgent: bool = True,
    ) -> None:
        """Put `records` in, with the offsets they answer; `urgent`: commit at the turn's end."""
        if self._contents is None:
            self._producer.begin()
            self._contents, self.opened_at, self.is_urgent = Contents(), now, False
        for record in records:
            self._producer.send(record)
        if records:
            self._at("sent")
        self._contents.offsets.update(offsets)
        self._contents.accepted.extend(accepted)
        self._contents.finished.extend(finished)
        self.is_urgent |= urgent

    def keep(self, positions: Iterable[tuple[TopicPartition, int]]) -> None:
        """Commit `positions` again where nothing newer is in: a zombie is refused by that."""
        if self._contents is not None:
            for partition, offset in positions:
                self._contents.offsets.setdefault(partition, offset)

    def commit(self, consumer: Consumer | None) -> Contents | None:
        """Return what has become true, or None: it was undone."""
        contents, self._contents = self._contents, None
        if contents is None:
            return Contents()
        self._at("committing")
        try:
            self._producer.commit(contents.offsets, consumer=consumer if contents.offsets else None)
        except TransactionAborted as error:
            _LOG.warning("transaction undone, reading again from the last commit: %s", error)
            return None
        self._at("committed")
        return contents

    def abort(self) -> None:
        """Undo what is in."""
        if self._contents is not None:
            self._contents = None
            self._producer.abort()
