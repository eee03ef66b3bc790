"""Where the contract's tests work: a broker with topics of its own, and a listener that tells."""

from collections.abc import Mapping, Sequence

from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.ports import Broker, Consumer, Reader
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing, TopicPartition
from evermodel.common.settings.kafka import KafkaSettings


class Place:
    """A broker with a topic pair of its own, and what the test opened in it."""

    def __init__(self, broker: Broker, *, topic: str, other: str, bootstrap: str | None) -> None:
        self.broker, self.topic, self.other = broker, topic, other
        self._bootstrap = bootstrap
        self._open: list[Consumer | Reader] = []

    def consumer(
        self, instance: str = "0", *, group: str = "group", topics: Sequence[str] = ()
    ) -> tuple[Consumer, "Assigned"]:
        assigned = Assigned()
        made = self.broker.consumer(
            group=f"{group}.{self.topic}",
            instance=instance,
            topics=topics or [self.topic],
            listener=assigned,
        )
        assigned.consumer = made
        self._open.append(made)
        return made, assigned

    def outgoing(self, value: str, *, partition: int | None = 0, key: str = "k") -> Outgoing:
        return Outgoing(
            topic=self.topic,
            key=key.encode(),
            value=value.encode(),
            headers=(("h", b"\xff\x00"), ("h", b"2")),
            partition=partition,
        )

    def at(self, partition: int) -> TopicPartition:
        return TopicPartition(self.topic, partition)

    def await_written(self, partition: int = 0, *, after: int = 0) -> None:
        """Return once the log goes on past `after`, committed or not: a client waits a moment.

        Asked of the log itself. In memory it lies there at once.
        """
        if self._bootstrap is None:
            return
        log = KafkaGroups(KafkaSettings(bootstrap_servers=self._bootstrap))
        while log.ends([self.topic])[self.at(partition)] <= after:
            pass

    def everything(self) -> list[str]:
        found = read_whole(self.broker, partitions_of(self.broker, [self.topic]))
        return [(r.value or b"").decode() for r in found]

    def close(self) -> None:
        for part in self._open:
            part.close()
        self.broker.close()


class Assigned:
    """A listener that starts where the group stands."""

    def __init__(self) -> None:
        self.consumer: Consumer | None = None
        self.partitions: list[TopicPartition] = []
        self.log: list[str] = []

    def on_assigned(
        self, partitions: Sequence[TopicPartition], /
    ) -> Mapping[TopicPartition, int | None]:
        self.log.append("assigned")
        self.partitions = list(partitions)
        return self.consumer.committed(partitions) if self.consumer else {}

    def on_revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        self.log.append("revoked")
        self.partitions = []

    def on_lost(self, partitions: Sequence[TopicPartition], /) -> None:
        self.log.append("lost")
        self.partitions = []
