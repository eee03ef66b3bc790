"""Makes the topics of the catalogue.

Never deletes a topic and never shrinks one. What differs is for a person to decide.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from threading import Event

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public; the stub forgets it
    AdminClient,
    NewTopic,
)

from evermodel.common.events.catalogue import CATALOGUE, Topic
from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.kafka_metadata import metadata
from evermodel.common.messaging.kafka_offsets import ends_of
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.settings.kafka import KafkaSettings

_REQUEST_SECONDS = 30.0
_LOOK_SECONDS = 0.02
#: A topic that takes less refuses what services write, again and again.
LARGEST = "max.message.bytes"
#: A segment that is written to is never compacted, and a service reads its state whole when it
#: starts. At Kafka's own gigabyte the windower would read some days' counters, gigabytes of them,
#: before its first commit.
STATE_SEGMENT_BYTES = 16 << 20


def create_topics(settings: KafkaSettings, topics: Iterable[Topic] = CATALOGUE) -> list[str]:
    """Make what is missing of `topics`; return the names of those made, once they can be used.

    Raises:
        BrokerUnavailable: the broker does not answer or refuses.
    """
    admin = AdminClient({**settings.client(), "log_level": 0})
    wanted = [_new_topic(topic, settings) for topic in topics]
    made = []
    for name, future in admin.create_topics(wanted, request_timeout=_REQUEST_SECONDS).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise translate(error) from error
        else:
            made.append(name)
    _await_usable(admin, [topic.topic for topic in wanted])
    return made


def require_answer(settings: KafkaSettings, *, patience_seconds: float) -> None:
    """Return as soon as a broker answers.

    Raises:
        BrokerUnavailable: none does within `patience_seconds`; says what the client met first.
    """
    met: list[str] = []

    def meet(error: KafkaError) -> None:
        met.append(error.str())

    try:
        admin = AdminClient({**settings.client(), "log_level": 0}, error_cb=meet)
    except KafkaException as error:  # settings that contradict each other
        raise translate(error) from error
    try:
        metadata(admin, timeout_seconds=patience_seconds)
    except BrokerUnavailable as error:
        admin.poll(0)  # only now are the errors called back
        raise BrokerUnavailable(_plain(met[0]) if met else str(error)) from error


def _plain(said: str) -> str:
    """Return what a client met without its name for the broker and for its own state."""
    return said.rpartition("/bootstrap: ")[2].partition(" (after ")[0]


def _await_usable(admin: AdminClient, names: Collection[str]) -> None:
    """Return once `names` can be read and written.

    The controller says "made" before the brokers have heard of it, and a broker shows a topic
    before it leads its partitions: one that starts a whole stack beside it took over ten seconds.
    """
    end = time.monotonic() + _REQUEST_SECONDS
    while missing := sorted(set(names) - (shown := _shown(admin)).keys()):
        if time.monotonic() > end:
            raise BrokerUnavailable(f"made, but not shown by the broker: {', '.join(missing)}")
        Event().wait(_LOOK_SECONDS)
    places = [TopicPartition(name, number) for name in names for number in shown[name]]
    ends_of(admin, places, patience_seconds=_REQUEST_SECONDS)


def _shown(admin: AdminClient) -> Mapping[str, Collection[int]]:
    """Return the partitions of each topic that a broker shows."""
    found = metadata(admin, timeout_seconds=_REQUEST_SECONDS).topics
    return {
        n: topic.partitions
        for n, topic in found.items()
        if topic.error is None and topic.partitions
    }


def partition_count(topic: Topic, settings: KafkaSettings) -> int:
    """Return how many partitions `topic` has.

    A service's state lies in the partition of its input, so both have the same count.
    """
    if topic.plane == "dead letter":
        return 1
    return settings.data_partitions if follows_data(topic) else settings.lifecycle_partitions


def follows_data(topic: Topic) -> bool:
    """Return whether `topic` has as many partitions as the data plane."""
    return topic.plane == "data" or topic.name == "drift.windower.state"


def topic_configuration(topic: Topic) -> dict[str, str]:
    """Return the broker-side settings of `topic` that are to be just so."""
    if topic.compacted:
        return {"cleanup.policy": "compact", "segment.bytes": str(STATE_SEGMENT_BYTES)}
    seconds = topic.retention_seconds
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1" if seconds is None else str(seconds * 1000),
    }


def _new_topic(topic: Topic, settings: KafkaSettings) -> NewTopic:
    larger = {LARGEST: str(topic.max_message_bytes)} if topic.is_wide else {}
    return NewTopic(
        topic.name,
        num_partitions=partition_count(topic, settings),
        replication_factor=settings.replication,
        config={**topic_configuration(topic), **larger},
    )
