"""How a cluster differs from the catalogue, and which of its partitions cannot be used now.

Owns the sentence of each and the remedy that fits it. Must never change anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public; the stub forgets it
    AdminClient,
    ConfigResource,
    PartitionMetadata,
    ResourceType,
)

from evermodel.common.events.catalogue import CATALOGUE, Topic
from evermodel.common.messaging.kafka_admin import (
    LARGEST,
    follows_data,
    partition_count,
    topic_configuration,
)
from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.kafka_metadata import metadata
from evermodel.common.messaging.kafka_offsets import ends_of
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.settings.kafka import KafkaSettings

_REQUEST_SECONDS = 30.0
_ANSWER_SECONDS = 8.0
_IN_STEP = "min.insync.replicas"
_MAKE = "evermodel topics create"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a topic is not as it should be, and what puts it right."""

    topic: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.topic}: {self.what}"


def check_topics(settings: KafkaSettings, topics: Iterable[Topic] = CATALOGUE) -> list[Difference]:
    """Return each way the cluster differs from `topics`.

    Raises:
        BrokerUnavailable: the broker does not answer or refuses.
    """
    wanted = {topic.name: topic for topic in topics}
    admin = AdminClient({**settings.client(), "log_level": 0})
    found = metadata(admin, timeout_seconds=_REQUEST_SECONDS).topics
    present = {name: topic for name, topic in wanted.items() if name in found}
    configured = _configuration(admin, present)
    differences = [Difference(name, "missing", _MAKE) for name in wanted if name not in found]
    for name, topic in present.items():
        differences += _numbers(topic, found[name].partitions, settings)
        differences += _settings(topic, configured[name], settings)
    return differences


def unusable(settings: KafkaSettings, topics: Iterable[Topic] = CATALOGUE) -> list[str]:
    """Return a sentence for each of `topics` with partitions that cannot be written now.

    One broker may answer for a cluster whose others are away. Where they are so many that nobody
    decides who leads, what it says is old: so each partition is asked where it ends as well.

    Raises:
        BrokerUnavailable: the broker does not answer or refuses, or a partition does not.
    """
    admin = AdminClient({**settings.client(), "log_level": 0})
    found = metadata(admin, timeout_seconds=_ANSWER_SECONDS).topics
    shown = {t.name: found[t.name].partitions for t in topics if t.name in found}
    configured = _configuration(admin, shown)
    told = [
        f"{name}: {said}"
        for name, partitions in shown.items()
        for said in _unusable(partitions, in_step=int(configured[name].get(_IN_STEP) or 1))
    ]
    if not told:
        places = [TopicPartition(name, number) for name in shown for number in shown[name]]
        ends_of(admin, places, patience_seconds=_ANSWER_SECONDS)
    return told


def _unusable(partitions: Mapping[int, PartitionMetadata], *, in_step: int) -> Iterator[str]:
    leaderless = [n for n, p in sorted(partitions.items()) if p.leader < 0]
    few = [n for n, p in sorted(partitions.items()) if p.leader >= 0 and len(p.isrs) < in_step]
    if leaderless:
        yield f"nobody leads partition {_listed(leaderless)}"
    if few:
        yield f"fewer replicas in step than {_IN_STEP}={in_step} of partition {_listed(few)}"


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _numbers(
    topic: Topic, partitions: Mapping[int, PartitionMetadata], settings: KafkaSettings
) -> Iterator[Difference]:
    count, expected = len(partitions), partition_count(topic, settings)
    if count != expected:
        plane = "DATA" if follows_data(topic) else "LIFECYCLE"
        remedy = f"set EVERMODEL_{plane}_PARTITIONS as it was when the topics were made, for all "
        remedy += f"alike; or, while it is empty, delete {topic.name} and make it by '{_MAKE}'"
        yield Difference(topic.name, f"{count} partitions instead of {expected}", remedy)
    replicas = min((len(p.replicas) for p in partitions.values()), default=0)
    if 1 <= settings.replication != replicas:
        remedy = f"kafka-reassign-partitions gives {topic.name} more replicas or fewer; or set "
        remedy += "EVERMODEL_KAFKA_REPLICATION to what is there"
        what = f"{replicas} replicas instead of {settings.replication}"
        yield Difference(topic.name, what, remedy)


def _settings(
    topic: Topic, configured: Mapping[str, str], settings: KafkaSettings
) -> Iterator[Difference]:
    def difference(what: str, key: str, value: object) -> Difference:
        remedy = f"kafka-configs --bootstrap-server {settings.bootstrap_servers} --alter "
        remedy += f"--topic {topic.name} --add-config {key}={value}"
        return Difference(topic.name, what, remedy)

    for key, value in topic_configuration(topic).items():
        if configured.get(key) != value:
            yield difference(f"{key} is {configured.get(key)} instead of {value}", key, value)
    largest, least = configured.get(LARGEST), topic.max_message_bytes
    if largest is not None and int(largest) < least:
        yield difference(f"{LARGEST} is {largest}, less than {least}", LARGEST, least)


def _configuration(admin: AdminClient, names: Iterable[str]) -> Mapping[str, dict[str, str]]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    try:
        futures = admin.describe_configs(resources, request_timeout=_REQUEST_SECONDS)
        return {
            resource.name: {key: entry.value for key, entry in future.result().items()}
            for resource, future in futures.items()
        }
    except KafkaException as error:
        raise translate(error) from error
