"""Where a member of a group may begin on a real Kafka: only where the records still are.

Owns what becomes of offsets that a topic does not hold. Kafka's own answer, to begin at either end
in silence, would lose records or do them again. What a group has *read* is judged by what it
committed; where it *begins* may lie before that, at records that only refill a memory.
"""

import logging
from collections.abc import Mapping

from confluent_kafka.admin import AdminClient

from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.kafka_offsets import ends_of
from evermodel.common.messaging.records import TopicPartition

_LOG = logging.getLogger(__name__)

Starts = Mapping[TopicPartition, int | None]

#: Asked twice from inside a poll, which may not take as long as a member may be silent.
_PATIENCE_SECONDS = 5.0


class Holdings:
    """What the partitions of one member still hold, as of its last look at its offsets."""

    def __init__(self, admin: AdminClient, *, group: str) -> None:
        self._admin, self._group = admin, group
        self._begins: Mapping[TopicPartition, int] = {}

    def require(self, committed: Starts) -> None:
        """Return if the partitions reach as far as was read; say what was deleted unread.

        Raises:
            Fatal: a partition ends before that: what was read is not there any more.
            BrokerUnavailable: no answer.
        """
        read = {at: offset for at, offset in committed.items() if offset is not None}
        ends = ends_of(self._admin, read, patience_seconds=_PATIENCE_SECONDS)
        self._begins = ends_of(
            self._admin, committed, first=True, patience_seconds=_PATIENCE_SECONDS
        )
        for at, offset in read.items():
            if offset > ends[at]:
                raise Fatal(
                    f"{at.topic}[{at.partition}] ends at {ends[at]}, and {self._group} has read up "
                    f"to {offset}: the broker lost records, or the group's offsets were set by hand"
                )
            if offset < self._begins[at]:
                _LOG.error(
                    "%s[%d]: the records from %d to %d were deleted before %s had done with them",
                    *(at.topic, at.partition, offset, self._begins[at] - 1, self._group),
                )

    def clipped(self, starts: Starts) -> Starts:
        """Return where reading each partition can begin: not before its first record."""
        return {
            at: None if offset is None else max(offset, self._begins.get(at, offset))
            for at, offset in starts.items()
        }
