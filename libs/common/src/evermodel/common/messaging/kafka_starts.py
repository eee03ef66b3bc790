"""Where a member of a group may begin on a real Kafka: only where the records still are.

Owns what becomes of offsets that a topic does not hold. Kafka's own answer, to begin at either end
in silence, would lose records or do them again.
"""

import logging
from collections.abc import Mapping

from confluent_kafka.admin import AdminClient

from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.kafka_offsets import ends_of
from evermodel.common.messaging.records import TopicPartition

_LOG = logging.getLogger(__name__)

Starts = Mapping[TopicPartition, int | None]


def held(starts: Starts, *, admin: AdminClient, group: str) -> Starts:
    """Return where to read each partition from; what was deleted unread is said and left out.

    Raises:
        Fatal: a partition ends before its start: what was read is not there any more.
        BrokerUnavailable: no answer.
    """
    asked = {at: offset for at, offset in starts.items() if offset}
    ends, begins = ends_of(admin, asked), ends_of(admin, asked, first=True)
    for at, offset in asked.items():
        if offset > ends[at]:
            raise Fatal(
                f"{at.topic}[{at.partition}] ends at {ends[at]}, and {group} has read up to "
                f"{offset}: the broker lost records, or the group's offsets were set by hand"
            )
        if offset < begins[at]:
            _LOG.error(
                "%s[%d]: the records from %d to %d were deleted before %s had done with them",
                *(at.topic, at.partition, offset, begins[at] - 1, group),
            )
    return {at: offset and max(offset, begins[at]) for at, offset in starts.items()}
