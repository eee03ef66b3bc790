"""Table routes: every replica reads all of a topic before anything else, then follows it."""

from collections.abc import Sequence

from evermodel.common.messaging.api import TableRoute
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.ports import Broker, Reader
from evermodel.common.messaging.records import Record, TopicPartition


class Table:
    """One table route: its reader, its lane, and the last record of each key so far."""

    def __init__(self, route: TableRoute, *, topic: str, broker: Broker) -> None:  # type: ignore[type-arg]  # any payload
        partitions = [TopicPartition(topic, p) for p in range(broker.partitions(topic))]
        self.lane = Lane(TopicPartition(topic, -1), route)
        self.is_live = False
        self.is_settled = False
        self._reader: Reader = broker.reader(partitions)
        self._latest: dict[bytes | None, Record] = {}

    def fill(self, *, limit: int, timeout_seconds: float) -> int:
        """Read on into the lane's queue, once it is empty; return how many records came."""
        if self.lane.queue:
            return 0
        records = self._reader.poll(limit=limit, timeout_seconds=timeout_seconds)
        if not self.is_live:
            self._remember(records)
            if self.lane.route.latest_only:  # type: ignore[union-attr]  # it is a TableRoute
                return len(records)
        self.lane.queue.extend(records)
        return len(records)

    def go_live(self) -> bool:
        """Return whether it has just caught up: the last record of each key then comes again."""
        if self.is_live or self.lane.queue or not self._reader.caught_up():
            return False
        self.is_live = True
        self.lane.queue.extend(self._latest.values())
        self._latest = {}
        return True

    def settle(self) -> None:
        """Note that the last of each key has been handled live: the service may begin."""
        if self.is_live and not self.lane.queue:
            self.is_settled = True

    def close(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _remember(self, records: Sequence[Record]) -> None:
        for record in records:
            self._latest.pop(record.key, None)
            self._latest[record.key] = record
