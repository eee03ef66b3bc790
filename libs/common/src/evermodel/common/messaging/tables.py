"""Table routes: every replica reads all of a topic before anything else, then follows it.

Owns the order in which a table is read: all of it, silently; then the last record of each key
once more, aloud; then what comes. Must never join a group, nor commit an offset.
"""

from collections.abc import Callable, Sequence
from threading import Event

from evermodel.common.events.catalogue import topic_of
from evermodel.common.messaging.api import TableRoute
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.ports import Broker, Reader
from evermodel.common.messaging.records import Record, TopicPartition

_RECORDS = 100


class Table:
    """One table route: its reader, its lane, and the last record of each key so far."""

    def __init__(self, route: TableRoute, *, broker: Broker) -> None:  # type: ignore[type-arg]  # any payload
        topic = topic_of(route.payload).name
        partitions = [TopicPartition(topic, p) for p in range(broker.partitions(topic))]
        self.lane = Lane(TopicPartition(topic, -1), route, is_silent=True)
        self.is_settled = False
        self._latest_only = route.latest_only
        self._reader: Reader = broker.reader(partitions)
        self._latest: dict[bytes | None, Record] = {}

    def follow(self, work: Callable[[Lane], bool], *, timeout_seconds: float) -> bool:
        """Read on and `work` the lane off; return whether anything moved."""
        has_moved = self._fill(timeout_seconds) > 0
        has_moved |= work(self.lane)
        if self._go_aloud():
            has_moved = True
            work(self.lane)
        self.is_settled |= not self.lane.is_silent and not self.lane.queue
        return has_moved

    def close(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _fill(self, timeout_seconds: float) -> int:
        """Read on into the lane's queue, once it is empty; return how many records came.

        While its head waits, for work beside the loop or for its next try, this waits as well: a
        loop that span meanwhile took Python's lock from that work at each of its file accesses,
        and an import of TensorFlow 27 s instead of 3.
        """
        if self.lane.queue:
            if timeout_seconds:
                Event().wait(timeout_seconds)
            return 0
        records = self._reader.poll(limit=_RECORDS, timeout_seconds=timeout_seconds)
        if self.lane.is_silent:
            self._remember(records)
        if not (self.lane.is_silent and self._latest_only):
            self.lane.queue.extend(records)
        return len(records)

    def _go_aloud(self) -> bool:
        """Return whether it has just caught up: the last record of each key then comes again."""
        if not self.lane.is_silent or self.lane.queue or not self._reader.caught_up():
            return False
        self.lane.is_silent = False
        self.lane.queue.extend(self._latest.values())
        self._latest = {}
        return True

    def _remember(self, records: Sequence[Record]) -> None:
        for record in records:
            self._latest.pop(record.key, None)
            self._latest[record.key] = record


class Tables:
    """The table routes of a service."""

    def __init__(self, routes: Sequence[TableRoute]) -> None:  # type: ignore[type-arg]  # any payload
        self._routes = routes
        self._tables: list[Table] | None = None

    @property
    def are_settled(self) -> bool:
        """Whether every table has been read to its end: the service may begin."""
        return self._tables is not None and all(table.is_settled for table in self._tables)

    @property
    def lanes(self) -> list[Lane]:
        """The lane of each table."""
        return [table.lane for table in self._tables or ()]

    def open(self, broker: Broker) -> None:
        """Begin to read."""
        self._tables = [Table(route, broker=broker) for route in self._routes]

    def follow(self, work: Callable[[Lane], bool], *, timeout_seconds: float) -> bool:
        """Follow each table, waiting only while the service cannot begin anyway."""
        wait = 0.0 if self.are_settled else timeout_seconds
        moves = [table.follow(work, timeout_seconds=wait) for table in self._tables or ()]
        return any(moves)

    def close(self) -> None:
        """Stop reading."""
        for table in self._tables or ():
            table.close()
        self._tables = None
