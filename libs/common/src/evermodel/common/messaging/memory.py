"""A broker in memory that keeps Kafka's promises: the twin runs on it, and the fast tests.

Owns logs, groups and transactions of one process. Must never be laxer than Kafka where a
service could notice: transaction markers take offsets, zombies are fenced, an open transaction
hides what lies behind it. Not thread-safe: one thread drives every loop that shares it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from evermodel.common.messaging.memory_group import Group, MemoryConsumer
from evermodel.common.messaging.memory_log import Log, Transaction
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.messaging.ports import (
    BrokerUnavailable,
    Consumer,
    Fenced,
    Listener,
    TransactionAborted,
)
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition


class MemoryBroker:
    """Topics, groups and transactions in memory."""

    def __init__(
        self, topics: Mapping[str, int], *, wall_ms: Callable[[], int] = lambda: 0
    ) -> None:
        """Hold `topics` by partition count; `wall_ms` stamps records."""
        self._logs = {t: [Log(t, p) for p in range(count)] for t, count in topics.items()}
        self._groups: dict[str, Group] = {}
        self._epochs: dict[str, MemoryProducer] = {}
        self._wall_ms = wall_ms

    def partitions(self, topic: str) -> int:
        return len(self._topic(topic))

    def consumer(
        self, *, group: str, instance: str, topics: Sequence[str], listener: Listener
    ) -> "MemoryConsumer":
        for topic in topics:
            self._topic(topic)
        found = self._groups.setdefault(group, Group(group, self.partitions, self.log))
        return found.join(instance, topics, listener)

    def producer(self, *, transactional_id: str) -> "MemoryProducer":
        before = self._epochs.get(transactional_id)
        if before is not None:
            before.fence()
        made = MemoryProducer(self)
        self._epochs[transactional_id] = made
        return made

    def reader(self, partitions: Sequence[TopicPartition]) -> "MemoryReader":
        return MemoryReader([self.log(partition) for partition in partitions])

    def record(self, at: TopicPartition, *, offset: int) -> Record | None:
        found, _ = self.log(at).visible(offset, limit=1)
        return found[0] if found and found[0].offset == offset else None

    def publish(self, records: Iterable[Outgoing]) -> None:
        for record in records:
            self.append(record, transaction=None)

    def close(self) -> None:
        return None

    def log(self, partition: TopicPartition) -> Log:
        """Return the log of `partition`."""
        logs = self._topic(partition.topic)
        if not 0 <= partition.partition < len(logs):
            raise BrokerUnavailable(f"{partition.topic} has no partition {partition.partition}")
        return logs[partition.partition]

    def append(self, record: Outgoing, *, transaction: Transaction | None) -> None:
        """Put `record` at the end of its partition."""
        logs = self._topic(record.topic)
        partition = record.partition
        if partition is None:
            partition = partition_of(record.key, partitions=len(logs))
        log = self.log(TopicPartition(record.topic, partition))
        log.append(record, timestamp_ms=self._wall_ms(), transaction=transaction)

    def records(self, topic: str) -> Sequence[Record]:
        """Return every committed record of `topic`, partition by partition."""
        return [r for log in self._topic(topic) for r in log.visible(0, limit=None)[0]]

    def trim(self, topic: str) -> None:
        """Forget the records of `topic` that every group which reads it has passed.

        What retention is to Kafka: a long history must not stay in memory.
        """
        for log in self._topic(topic):
            at = TopicPartition(log.topic, log.partition)
            readers = [group for group in self._groups.values() if topic in group.topics]
            if readers:
                log.trim(min(group.committed.get(at, 0) for group in readers))

    def expel(self, *, group: str, instance: str) -> None:
        """Let the session of a member time out, as a broker does when it hears no more."""
        self._groups[group].leave(instance)

    def lags(self, group: str) -> Mapping[TopicPartition, int]:
        """Return how many offsets `group` has not committed yet, by partition."""
        found = self._groups.get(group)
        if found is None:
            return {}
        return {
            p: self.log(p).end - found.committed.get(p, 0)
            for p in found.all_partitions(found.topics)
        }

    def _topic(self, topic: str) -> list[Log]:
        try:
            return self._logs[topic]
        except KeyError:
            raise BrokerUnavailable(f"there is no topic {topic!r}") from None


class MemoryProducer:
    """A transactional producer of a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._open: Transaction | None = None
        self._fenced = False

    def begin(self) -> None:
        self._check()
        if self._open is not None:
            raise RuntimeError("a transaction is open already")
        self._open = Transaction()

    def send(self, record: Outgoing) -> None:
        self._check()
        if self._open is None:
            raise RuntimeError("no transaction is open")
        self._broker.append(record, transaction=self._open)

    def commit(self, offsets: Mapping[TopicPartition, int], *, consumer: Consumer | None) -> None:
        self._check()
        if self._open is None:
            raise RuntimeError("no transaction is open")
        if offsets:
            if not isinstance(consumer, MemoryConsumer):
                raise TypeError("offsets are committed with the consumer that read them")
            if not consumer.is_current:
                self.abort()
                raise TransactionAborted("the group has moved on to another generation")
        transaction, self._open = self._open, None
        transaction.end(committed=True)
        if offsets and isinstance(consumer, MemoryConsumer):
            consumer.group.committed.update(offsets)

    def abort(self) -> None:
        if self._open is not None:
            transaction, self._open = self._open, None
            transaction.end(committed=False)

    def close(self) -> None:
        if not self._fenced:
            self.abort()

    def fence(self) -> None:
        """Undo what is open; whatever follows is refused."""
        self.abort()
        self._fenced = True

    def _check(self) -> None:
        if self._fenced:
            raise Fenced("another producer has taken this transactional id")


class MemoryReader:
    """Reads whole logs, outside any group."""

    def __init__(self, logs: Collection[Log]) -> None:
        self._next = {log: log.start for log in logs}
        self._ends = {log: log.end for log in logs}

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        found: list[Record] = []
        for log, start in self._next.items():
            if len(found) >= limit:
                break
            records, self._next[log] = log.visible(start, limit=limit - len(found))
            found += records
        return found

    def caught_up(self) -> bool:
        return all(self._next[log] >= end for log, end in self._ends.items())

    def close(self) -> None:
        self._next = {}
        self._ends = {}
