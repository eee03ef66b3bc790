"""One process's connection to the broker, with points where it speaks.

Owns the count of what is delivered again. Must never change what the broker says.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.ports import (
    BrokerUnavailable,
    Consumer,
    Listener,
    Producer,
    Reader,
)
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from tests.faults.schedules.mischief import Mischief, watched


class Deliveries:
    """What every group was handed, and how many records one was handed again."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, int, int]] = set()
        self.again: Counter[str] = Counter()

    def note(self, group: str, records: Sequence[Record]) -> None:
        """Count `records`, which a member of `group` was handed."""
        for record in records:
            name = (group, record.topic, record.partition, record.offset)
            self.again[group] += name in self._seen
            self._seen.add(name)


class Connection:
    """A ``Broker`` for one process."""

    def __init__(
        self, broker: MemoryBroker, service: str, mischief: Mischief, deliveries: Deliveries
    ) -> None:
        self._broker, self._service, self._mischief = broker, service, mischief
        self._deliveries = deliveries
        self._transactional_id: str | None = None
        self._producer: _Producer | None = None

    def partitions(self, topic: str) -> int:
        return self._broker.partitions(topic)

    def consumer(
        self, *, group: str, instance: str, topics: Sequence[str], listener: Listener
    ) -> Consumer:
        member = self._broker.consumer(
            group=group, instance=instance, topics=topics, listener=listener
        )
        poll = member.poll

        def counted(*, limit: int, timeout_seconds: float) -> Sequence[Record]:
            records = poll(limit=limit, timeout_seconds=timeout_seconds)
            self._deliveries.note(group, records)
            return records

        member.poll = counted  # type: ignore[method-assign]  # it must stay a MemoryConsumer
        return member

    def producer(self, *, transactional_id: str) -> Producer:
        self._transactional_id = transactional_id
        self._producer = _Producer(self._broker.producer(transactional_id=transactional_id))
        producer: Producer = self._producer
        return watched(
            producer,
            f"{self._service}.broker",
            self._mischief,
            unanswered=lambda: BrokerUnavailable("the broker does not answer"),
            does=("send", "commit"),
            asks=("begin",),
        )

    def reader(self, partitions: Sequence[TopicPartition]) -> Reader:
        return self._broker.reader(partitions)

    def record(self, at: TopicPartition, *, offset: int) -> Record | None:
        return self._broker.record(at, offset=offset)

    def publish(self, records: Iterable[Outgoing]) -> None:
        self._broker.publish(records)

    def close(self) -> None:
        return None

    def time_out(self) -> None:
        """Have the broker undo a transaction that was left open, as its time-out does."""
        if self._producer is not None and self._producer.is_open:
            self._producer.abort()
            self._broker.producer(transactional_id=str(self._transactional_id))


class _Producer:
    """The broker's, and whether its transaction is open."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self.is_open = False

    def begin(self) -> None:
        self._producer.begin()
        self.is_open = True

    def send(self, record: Outgoing) -> None:
        self._producer.send(record)

    def commit(self, offsets: Mapping[TopicPartition, int], *, consumer: Consumer | None) -> None:
        self.is_open = False
        self._producer.commit(offsets, consumer=consumer)

    def abort(self) -> None:
        self.is_open = False
        self._producer.abort()

    def close(self) -> None:
        self._producer.close()
