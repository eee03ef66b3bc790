"""Table routes: every replica reads all of a topic before anything else, then follows it.

Owns the order in which a partition of a table is read: all of it, silently; then the last record
of each key once more, aloud; then what comes. Partitions know nothing of each other, so that a
model whose store is away holds up no other model's events. Must never join a group, nor commit
an offset.
"""

from collections.abc import Callable, Sequence
from threading import Event

from evermodel.common.events.catalogue import topic_of
from evermodel.common.messaging.api import TableRoute
from evermodel.common.messaging.deadletter import is_for_another
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.ports import Broker, Reader
from evermodel.common.messaging.records import Record, TopicPartition

_RECORDS = 100
#: So many records may wait behind heads that wait; only then are the other partitions held up.
_MOST_WAITING = 1000


class Part:
    """One partition of a table: its lane, and the last record of each key so far."""

    def __init__(self, partition: TopicPartition, route: TableRoute) -> None:  # type: ignore[type-arg]  # any payload
        self.lane = Lane(partition, route, is_silent=True)
        self.is_settled = False
        self._latest_only = route.latest_only
        self._latest: dict[bytes | None, Record] = {}

    def take(self, record: Record) -> None:
        """Queue `record`, or remember it for later."""
        if self.lane.is_silent:
            self._latest.pop(record.key, None)
            self._latest[record.key] = record
        if not (self.lane.is_silent and self._latest_only):
            self.lane.queue.append(record)

    def go_aloud(self) -> bool:
        """Let the last record of each key come again; return whether it was time for that."""
        if not self.lane.is_silent or self.lane.queue:
            return False
        self.lane.is_silent = False
        self.lane.queue.extend(self._latest.values())
        self._latest = {}
        return True

    def note_settled(self) -> None:
        """Remember that it has been read to its end once."""
        self.is_settled |= not self.lane.is_silent and not self.lane.queue


class Table:
    """One table route: its reader, and its partitions.

    What was put back for another group than `group` does not stand in it: as the last of its key it
    would hide what that key says.
    """

    def __init__(self, route: TableRoute, *, broker: Broker, group: str) -> None:  # type: ignore[type-arg]  # any payload
        topic = topic_of(route.payload).name
        partitions = [TopicPartition(topic, p) for p in range(broker.partitions(topic))]
        self._parts = {at.partition: Part(at, route) for at in partitions}
        self._reader: Reader = broker.reader(partitions)
        self._group = group

    @property
    def is_settled(self) -> bool:
        """Whether every partition has been read to its end."""
        return all(part.is_settled for part in self._parts.values())

    @property
    def lanes(self) -> list[Lane]:
        """The lane of each partition."""
        return [part.lane for part in self._parts.values()]

    def follow(self, work: Callable[[Lane], bool], *, timeout_seconds: float) -> bool:
        """Read on and `work` the lanes off; return whether anything moved."""
        has_moved = self._fill(timeout_seconds) > 0
        for lane in self.lanes:
            has_moved |= work(lane)
        for part in self._parts.values():
            if self._reader.caught_up() and part.go_aloud():
                has_moved = True
                work(part.lane)
            part.note_settled()
        return has_moved

    def close(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _fill(self, timeout_seconds: float) -> int:
        """Read on while a partition has nothing to do; return how many records came.

        While every head waits, for work beside the loop or for its next try, this waits as well:
        a loop that span meanwhile took Python's lock from that work at each of its file accesses,
        and an import of TensorFlow 27 s instead of 3.
        """
        waiting = [len(lane.queue) for lane in self.lanes]
        if all(waiting) or sum(waiting) >= _MOST_WAITING:
            if timeout_seconds:
                Event().wait(timeout_seconds)
            return 0
        records = self._reader.poll(limit=_RECORDS, timeout_seconds=timeout_seconds)
        for record in records:
            if not is_for_another(record, self._group):
                self._parts[record.partition].take(record)
        return len(records)


class Tables:
    """The table routes of a service."""

    def __init__(self, routes: Sequence[TableRoute], *, group: str) -> None:  # type: ignore[type-arg]  # any payload
        self._routes, self._group = routes, group
        self._tables: list[Table] | None = None

    @property
    def are_settled(self) -> bool:
        """Whether every table has been read to its end: the service may begin."""
        return self._tables is not None and all(table.is_settled for table in self._tables)

    @property
    def lanes(self) -> list[Lane]:
        """The lanes of all tables."""
        return [lane for table in self._tables or () for lane in table.lanes]

    def open(self, broker: Broker) -> None:
        """Begin to read."""
        self._tables = [Table(route, broker=broker, group=self._group) for route in self._routes]

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
