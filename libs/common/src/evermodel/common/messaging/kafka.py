"""The broker port on a real Kafka, through confluent-kafka.

Makes the members, readers and producers of a cluster. Must never know a service.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient

from evermodel.common.messaging.faultpoints import FaultPoint, nowhere
from evermodel.common.messaging.kafka_consumer import CONSUMER, REQUEST_SECONDS, KafkaConsumer
from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.kafka_metadata import metadata
from evermodel.common.messaging.kafka_offsets import ends_of
from evermodel.common.messaging.kafka_producer import PRODUCER, TRANSACTIONAL, KafkaProducer
from evermodel.common.messaging.kafka_reader import KafkaReader, fetch
from evermodel.common.messaging.kafka_records import produce
from evermodel.common.messaging.kafka_starts import Holdings
from evermodel.common.messaging.ports import (
    BrokerUnavailable,
    Listener,
)
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.settings.kafka import KafkaSettings


class KafkaBroker:
    """A Kafka cluster."""

    def __init__(
        self, settings: KafkaSettings, *, quiet: bool = False, at: FaultPoint = nowhere
    ) -> None:
        """Connect when first asked. `quiet`: librdkafka writes nothing on stderr of its own."""
        self._client: dict[str, Any] = {
            **settings.client(),
            "error_cb": _ignore_transport,
            "log_level": 0 if quiet else 3,
        }
        self._at = at
        self._admin: AdminClient | None = None
        self._plain: ck.Producer | None = None

    def partitions(self, topic: str) -> int:
        """Return how many partitions `topic` has.

        Raises:
            BrokerUnavailable: nobody answers, or there is no such topic.
        """
        told = metadata(self._administration(), timeout_seconds=REQUEST_SECONDS, topic=topic)
        found = told.topics[topic]
        if found.error is not None or not found.partitions:
            raise BrokerUnavailable(
                f"there is no topic {topic!r}: 'evermodel topics create' makes the missing ones"
            )
        return len(found.partitions)

    def consumer(
        self, *, group: str, instance: str, topics: Sequence[str], listener: Listener
    ) -> "KafkaConsumer":
        """Return a static member of `group` that reads `topics` (``Broker``).

        Raises:
            BrokerUnavailable: nobody answers, or a topic is missing.
        """
        for topic in topics:
            self.partitions(topic)
        member = {"group.id": group, "group.instance.id": f"{group}-{instance}"}
        return KafkaConsumer(
            {**self._client, **CONSUMER, **member},
            topics,
            listener,
            holdings=Holdings(self._administration(), group=group),
        )

    def producer(self, *, transactional_id: str) -> "KafkaProducer":
        """Return the one producer of `transactional_id`; an older one is fenced (``Broker``)."""
        own = {"transactional.id": transactional_id}
        return KafkaProducer({**self._client, **PRODUCER, **TRANSACTIONAL, **own}, at=self._at)

    def reader(self, partitions: Sequence[TopicPartition]) -> "KafkaReader":
        """Return a reader of `partitions`, in no group (``Broker``)."""
        ends = ends_of(self._administration(), partitions)
        return KafkaReader(self._client, partitions, ends=ends)

    def record(self, at: TopicPartition, *, offset: int) -> Record | None:
        """Return the record at `offset`, None where there is none (``Broker``)."""
        return fetch(self._client, at, offset=offset)

    def publish(self, records: Iterable[Outgoing]) -> None:
        """Write `records` outside any transaction, and wait until all are acknowledged.

        Raises:
            BrokerUnavailable: the broker did not acknowledge in time.
        """
        if self._plain is None:
            self._plain = ck.Producer({**self._client, **PRODUCER})
        failures: list[ck.KafkaError] = []
        for record in records:
            produce(self._plain, record, on_delivery=failures)
        if self._plain.flush(REQUEST_SECONDS * 3):
            raise BrokerUnavailable("the broker did not acknowledge in time")
        if failures:
            raise translate(ck.KafkaException(failures[0]))

    def close(self) -> None:
        """Let go of the connections; what was published is flushed first."""
        if self._plain is not None:
            self._plain.flush(REQUEST_SECONDS)
        self._plain, self._admin = None, None

    def _administration(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient({**self._client})
        return self._admin


def _ignore_transport(error: ck.KafkaError) -> None:
    """Transport errors are retried by librdkafka; what matters comes back from a call."""
