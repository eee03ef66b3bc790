"""How far every consumer group has come, asked from outside. Joins no group, commits nothing."""

from collections.abc import Iterable, Mapping

import confluent_kafka as ck
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public; the stub forgets them
    AdminClient,
    OffsetSpec,
)

from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.messaging.redrive import redrive_group
from evermodel.common.settings import KafkaSettings

_REQUEST_SECONDS = 10.0


def committed_offsets(
    settings: KafkaSettings, groups: Iterable[str]
) -> Mapping[str, Mapping[TopicPartition, int]]:
    """Return the next offset each of `groups` reads, by partition; empty for an unknown group.

    Raises:
        BrokerUnavailable: the broker does not answer.
    """
    admin = _admin(settings)
    found: dict[str, Mapping[TopicPartition, int]] = {}
    try:
        for group in groups:
            asked = [ck.ConsumerGroupTopicPartitions(group)]
            (future,) = admin.list_consumer_group_offsets(
                asked, request_timeout=_REQUEST_SECONDS
            ).values()
            found[group] = {
                TopicPartition(at.topic, at.partition): at.offset
                for at in future.result().topic_partitions
                if at.offset >= 0
            }
    except ck.KafkaException as error:
        raise translate(error) from error
    return found


def put_back_offsets(
    settings: KafkaSettings, topics: Iterable[str]
) -> Mapping[TopicPartition, int]:
    """Return up to which offset the dead letters of each partition of `topics` were put back.

    Raises:
        BrokerUnavailable: the broker does not answer.
    """
    groups = [redrive_group(topic.removesuffix(".dead-letter")) for topic in topics]
    found = committed_offsets(settings, groups)
    return {place: offset for group in groups for place, offset in found[group].items()}


def end_offsets(settings: KafkaSettings, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
    """Return where the next record of each partition of `topics` will lie; passes absent ones.

    Transaction markers take offsets too: never count records with these.
    """
    admin = _admin(settings)
    try:
        present = admin.list_topics(timeout=_REQUEST_SECONDS).topics
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # its stub is untyped
        asked = {
            ck.TopicPartition(topic, partition): latest
            for topic in topics
            if topic in present
            for partition in present[topic].partitions
        }
        futures = admin.list_offsets(asked, request_timeout=_REQUEST_SECONDS) if asked else {}
        return {
            TopicPartition(at.topic, at.partition): future.result().offset
            for at, future in futures.items()
        }
    except ck.KafkaException as error:
        raise translate(error) from error


def _admin(settings: KafkaSettings) -> AdminClient:
    # What goes wrong is raised; librdkafka's own lines on stderr would say it twice.
    return AdminClient({**settings.client(), "log_level": 0})
