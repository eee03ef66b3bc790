"""Reading outside any group on a real Kafka: whole partitions, or one record.

Commits nothing. Must never join a group.
"""

import time
from collections.abc import Mapping, Sequence

import confluent_kafka as ck

from evermodel.common.events.access import READERS_GROUP
from evermodel.common.messaging.kafka_consumer import CONSUMER, REQUEST_SECONDS
from evermodel.common.messaging.kafka_records import (
    consumed,
    is_end,
    is_record,
    place_of,
    record_of,
    starts_of,
)
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.records import Record, TopicPartition

#: Kafka wants a group name even of a reader that never joins one.
_OWN = {
    "group.id": READERS_GROUP,
    "auto.offset.reset": "earliest",
}
_POLL_SECONDS = 0.2
#: The offset is not there: deleted by now, or not written yet.
_ABSENT = {ck.KafkaError._PARTITION_EOF, ck.KafkaError._AUTO_OFFSET_RESET}


def _consumer(client: Mapping[str, object], **more: object) -> ck.Consumer:
    settings = {k: v for k, v in CONSUMER.items() if k != "partition.assignment.strategy"}
    return ck.Consumer({**client, **settings, **_OWN, **more})


def fetch(client: Mapping[str, object], at: TopicPartition, *, offset: int) -> Record | None:
    """Return the record at `offset`, or None where there is none.

    Raises:
        BrokerUnavailable: no answer.
    """
    consumer = _consumer(client, **{"auto.offset.reset": "error"})
    try:
        consumer.assign(starts_of({at: offset}))
        deadline = time.monotonic() + REQUEST_SECONDS
        while time.monotonic() < deadline:
            for message in consumer.consume(1, _POLL_SECONDS):
                error = message.error()
                if error is not None and error.code() in _ABSENT:
                    return None
                if is_record(message):
                    return record_of(message) if message.offset() == offset else None
    finally:
        consumer.close()
    raise BrokerUnavailable(f"no answer about offset {offset} of {at.topic}")


class KafkaReader:
    """Reads whole partitions from the beginning; commits nothing."""

    def __init__(
        self,
        client: Mapping[str, object],
        partitions: Sequence[TopicPartition],
        *,
        ends: Mapping[TopicPartition, int],
    ) -> None:
        self._consumer = _consumer(client)
        self._missing = {partition: end for partition, end in ends.items() if end > 0}
        self._reached: dict[TopicPartition, int] = {}
        self._consumer.assign(starts_of(dict.fromkeys(partitions)))

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        found = consumed(self._consumer, limit=limit, seconds=timeout_seconds)
        return [record_of(message) for message in found if self._is_record(message)]

    def has_reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether all that lies before `ends` has been returned, transaction markers included."""
        return all(self._reached.get(at, 0) >= end for at, end in ends.items())

    def caught_up(self) -> bool:
        return not self._missing

    def close(self) -> None:
        self._consumer.close()

    def _is_record(self, message: ck.Message) -> bool:
        if is_end(message):
            # The end of what is decided; its offset counts transaction markers too.
            self._pass(message, message.offset() or 0)
            return False
        if not is_record(message):
            return False
        # Where somebody writes all the time no fetch comes back empty, and no end is ever told.
        self._pass(message, (message.offset() or 0) + 1)
        return True

    def _pass(self, message: ck.Message, offset: int) -> None:
        at = place_of(message)
        self._reached[at] = offset
        if offset >= self._missing.get(at, 0):
            self._missing.pop(at, None)
