"""How far every consumer group has come, asked from outside. Joins no group, commits nothing."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient

from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.kafka_metadata import metadata
from evermodel.common.messaging.kafka_offsets import ends_of
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.messaging.redrive import redrive_group
from evermodel.common.settings.kafka import KafkaSettings

_REQUEST_SECONDS = 10.0


class KafkaGroups:
    """Asks one cluster, again and again, over one connection."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Connect when first asked."""
        # What goes wrong is raised; librdkafka's own lines on stderr would say it twice.
        self._admin = AdminClient({**settings.client(), "log_level": 0})

    def committed(self, groups: Iterable[str]) -> Mapping[str, Mapping[TopicPartition, int]]:
        """Return the next offset each of `groups` reads, by partition; empty for an unknown group.

        Raises:
            BrokerUnavailable: the broker does not answer.
        """
        try:
            asked = {group: self._ask_committed(group) for group in groups}
            return {
                group: {
                    TopicPartition(at.topic, at.partition): at.offset
                    for at in answer.result().topic_partitions or ()
                    if at.offset >= 0
                }
                for group, answer in asked.items()
            }
        except ck.KafkaException as error:
            raise translate(error) from error

    def put_back(self, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
        """Return up to which offset the dead letters of each partition of `topics` were put back.

        Raises:
            BrokerUnavailable: the broker does not answer.
        """
        groups = [redrive_group(topic.removesuffix(".dead-letter")) for topic in topics]
        found = self.committed(groups)
        return {place: offset for group in groups for place, offset in found[group].items()}

    def ends(self, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
        """Return where the next record of each partition of `topics` will lie; passes absent ones.

        Transaction markers take offsets too: never count records with these.

        Raises:
            BrokerUnavailable: the broker does not answer.
        """
        present = metadata(self._admin, timeout_seconds=_REQUEST_SECONDS).topics
        asked = [
            TopicPartition(topic, partition)
            for topic in topics
            if topic in present
            for partition in present[topic].partitions
        ]
        return ends_of(self._admin, asked)

    def _ask_committed(self, group: str) -> "Future[ck.ConsumerGroupTopicPartitions]":
        """Ask without waiting: the client takes one group at a time."""
        answers = self._admin.list_consumer_group_offsets(
            [ck.ConsumerGroupTopicPartitions(group)], request_timeout=_REQUEST_SECONDS
        )
        return answers[group]
