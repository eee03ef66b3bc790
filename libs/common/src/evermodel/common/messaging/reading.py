"""Reading topics whole: all that they hold now, and no more.

Owns how one knows that the end was reached. Joins no group and commits nothing.
"""

from collections.abc import Iterator, Sequence

from evermodel.common.messaging.ports import Broker, Reader
from evermodel.common.messaging.records import Record, TopicPartition

_CHUNK = 1000
_POLL_SECONDS = 0.2


def partitions_of(broker: Broker, topics: Sequence[str]) -> list[TopicPartition]:
    """Return every partition of `topics`."""
    return [TopicPartition(t, number) for t in topics for number in range(broker.partitions(t))]


def read_whole(broker: Broker, partitions: Sequence[TopicPartition]) -> list[Record]:
    """Return what `partitions` hold, in offset order within each.

    Waits for transactions that are open now.
    """
    reader = broker.reader(partitions)
    try:
        return list(read_rest(reader))
    finally:
        reader.close()


def read_rest(reader: Reader) -> Iterator[Record]:
    """Yield what lay there when `reader` was made and was not returned yet."""
    while not reader.caught_up():
        yield from reader.poll(limit=_CHUNK, timeout_seconds=_POLL_SECONDS)
