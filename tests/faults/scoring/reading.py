"""What lies in a topic, as JSON, as soon as it is there."""

import time
from typing import Any

import msgspec

from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import TopicPartition

_PATIENCE_SECONDS = 45.0


def seen(broker: KafkaBroker, topic: str, *, count: int) -> list[dict[str, Any]]:
    """Return all values in `topic` when there are `count`, or what is there after a while."""
    places = [TopicPartition(topic, p) for p in range(broker.partitions(topic))]
    found: list[dict[str, Any]] = []
    reader = broker.reader(places)
    end = time.monotonic() + _PATIENCE_SECONDS
    try:
        while len(found) < count and time.monotonic() < end:
            records = reader.poll(limit=500, timeout_seconds=0.2)
            found += [msgspec.json.decode(record.value or b"") for record in records]
        found += [
            msgspec.json.decode(record.value or b"")
            for record in reader.poll(limit=500, timeout_seconds=1.0)
        ]
    finally:
        reader.close()
    return found
