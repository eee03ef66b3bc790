"""What a person does to a cluster, rightly or not: topics and groups changed from outside."""

import time
from collections.abc import Collection, Iterable
from contextlib import suppress

# Public, but the stubs forget to export them.
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    ElectionType,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)


class Administrator:
    """Of the cluster at `bootstrap`."""

    def __init__(self, bootstrap: str) -> None:
        self._client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    def delete(self, topic: str) -> None:
        """Delete a topic, if there is one; return once nobody knows it any more."""
        deadline = time.monotonic() + 30.0
        while topic in self._client.list_topics(timeout=10).topics:
            assert time.monotonic() < deadline, f"{topic} is still there"
            with suppress(KafkaException):  # it is being deleted
                self._client.delete_topics([topic])[topic].result()
            time.sleep(0.05)

    def make(self, topic: str, *, partitions: int) -> None:
        """Make a topic by hand."""
        self._client.create_topics([NewTopic(topic, partitions, 1)])[topic].result()

    def set(self, topic: str, **configuration: str) -> None:
        """Change settings of a topic; a dot is written as ``_``, empty is the default again."""
        entries = [
            ConfigEntry(
                name.replace("_", "."),
                value,
                incremental_operation=AlterConfigOpType.SET if value else AlterConfigOpType.DELETE,
            )
            for name, value in configuration.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        self._client.incremental_alter_configs([resource])[resource].result()

    def truncate(self, topic: str) -> None:
        """Delete every record of a topic."""
        for answer in self._client.delete_records(self._at(topic, -1)).values():
            answer.result()

    def reset(self, group: str, topic: str, *, offset: int) -> None:
        """Set the group's offsets of a topic."""
        asked = ConsumerGroupTopicPartitions(group, self._at(topic, offset))
        self._client.alter_consumer_group_offsets([asked])[group].result()

    def forget(self, group: str) -> None:
        """Delete a group with its offsets."""
        self._client.delete_consumer_groups([group])[group].result()

    def partitions(self, topic: str) -> Iterable[int]:
        """Return the numbers of a topic's partitions."""
        return self._client.list_topics(topic, timeout=10).topics[topic].partitions

    def await_empty(self, group: str, *, seconds: float = 30.0) -> None:
        """Return once a group has no member: a static one stays for its session."""
        deadline = time.monotonic() + seconds
        while self._client.describe_consumer_groups([group])[group].result().members:
            assert time.monotonic() < deadline, f"{group} has members"
            time.sleep(0.1)

    def leader(self, topic: str, partition: int) -> int:
        """Return which broker leads a partition."""
        return (
            self._client.list_topics(topic, timeout=10).topics[topic].partitions[partition].leader
        )

    def controller(self) -> int:
        """Return which broker is the controller."""
        described = self._client.describe_cluster().result()
        return int(described.controller.id)

    def elect_preferred(self) -> None:
        """Give every partition back to the broker that is first in its list."""
        self._client.elect_leaders(ElectionType.PREFERRED).result()

    def await_replicas(self, topic: str, *, count: int, seconds: float = 60.0) -> None:
        """Return once `count` brokers hold all of each partition."""
        deadline = time.monotonic() + seconds
        while self._fewest(topic) < count:
            assert time.monotonic() < deadline, f"{topic} has too few replicas in step"
            time.sleep(0.1)

    def replicas(self, topic: str) -> dict[int, frozenset[int]]:
        """Return which brokers are to hold each partition of a topic."""
        found = self._client.list_topics(topic, timeout=10).topics[topic].partitions
        return {number: frozenset(partition.replicas) for number, partition in found.items()}

    def await_replicas_on(
        self, topic: str, brokers: Collection[int], *, seconds: float = 60.0
    ) -> None:
        """Return once each partition lies on just these brokers, whole."""
        deadline = time.monotonic() + seconds
        while {*self.replicas(topic).values()} != {frozenset(brokers)}:
            assert time.monotonic() < deadline, f"{topic} lies on {self.replicas(topic)}"
            time.sleep(0.1)
        self.await_replicas(topic, count=len(brokers))

    def _fewest(self, topic: str) -> int:
        found = self._client.list_topics(topic, timeout=10).topics[topic].partitions.values()
        return min(len(partition.isrs) for partition in found)

    def _at(self, topic: str, offset: int) -> list[TopicPartition]:
        return [TopicPartition(topic, number, offset) for number in self.partitions(topic)]
