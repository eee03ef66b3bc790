"""Reading topics whole: all that they hold now, and no more.

Owns how one knows that the end was reached, and when waiting for it has no sense any more. Joins
no group and commits nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from evermodel.common.messaging.ports import Broker, BrokerUnavailable, Reader
from evermodel.common.messaging.records import Record, TopicPartition

_CHUNK = 1000
_POLL_SECONDS = 0.2
#: Reading goes nowhere for longer than this only where the broker is gone: a client waits for it
#: for ever. What a replica killed within a transaction hides, the broker shows after 20 s at most.
PATIENCE_SECONDS = 30.0


def partitions_of(broker: Broker, topics: Sequence[str]) -> list[TopicPartition]:
    """Return every partition of `topics`."""
    return [TopicPartition(t, number) for t in topics for number in range(broker.partitions(t))]


def read_whole(broker: Broker, partitions: Sequence[TopicPartition]) -> list[Record]:
    """Return what `partitions` hold, in offset order within each.

    Waits for transactions that are open now.

    Raises:
        BrokerUnavailable: as `read_rest`.
    """
    reader = broker.reader(partitions)
    try:
        return list(read_rest(reader))
    finally:
        reader.close()


def read_rest(
    reader: Reader, *, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[Record]:
    """Yield what lay there when `reader` was made and was not returned yet.

    Raises:
        BrokerUnavailable: nothing came for longer than the broker may take.
    """
    return read_until(
        reader.caught_up,
        lambda: reader.poll(limit=_CHUNK, timeout_seconds=_POLL_SECONDS),
        monotonic=monotonic,
    )


def read_until(
    is_there: Callable[[], bool],
    poll: Callable[[], Sequence[Record]],
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Record]:
    """Yield what `poll` returns until the end `is_there`.

    Raises:
        BrokerUnavailable: as `read_rest`.
    """
    since = monotonic()
    while not is_there():
        found = poll()
        yield from found
        if found:  # and what was made of it may have taken its time
            since = monotonic()
        elif monotonic() - since > PATIENCE_SECONDS:
            raise BrokerUnavailable(
                f"reading went nowhere for {PATIENCE_SECONDS:.0f} s: the broker is gone, or a "
                "transaction is open that nobody ends"
            )
