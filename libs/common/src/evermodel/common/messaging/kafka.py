"""The broker port on a real Kafka, through confluent-kafka.

Owns every librdkafka setting, each as measured, and the translation of librdkafka's errors.
Must never know a service. ``consume`` gives records to the thread that polls; assignments are
taken over inside it.
"""

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import confluent_kafka as ck

# Public, but the stub forgets to export them.
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ClusterMetadata,
    OffsetSpec,
)

from evermodel.common.messaging.kafka_errors import fatal_of, translate
from evermodel.common.messaging.ports import (
    BrokerUnavailable,
    Consumer,
    Listener,
    TransactionAborted,
)
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.settings import KafkaSettings

_REQUEST_SECONDS = 10.0
_LEADER_SECONDS = 0.05
_LEADERLESS = {
    ck.KafkaError.NOT_LEADER_FOR_PARTITION,
    ck.KafkaError.LEADER_NOT_AVAILABLE,
    ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
}
_BEGINNING = ck.OFFSET_BEGINNING

# A static member of a classic group that returns within the session keeps its partitions: 1.2 s
# to the next commit after a kill where a dynamic one needs 5.7 s. Range: topics with the same
# partition count are assigned alike, so state partition p comes with input partition p.
_CONSUMER = {
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "range",
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 1500,
    "max.poll.interval.ms": 60000,
    "fetch.wait.max.ms": 50,
    "queued.max.messages.kbytes": 16384,
    "topic.metadata.refresh.interval.ms": 30000,
}
# send_offsets_to_transaction waits retry.backoff.ms between back-to-back transactions: 101 ms at
# the default of 100, 8 ms at 5. A short transaction timeout bounds how long the records of a
# service that never returns stall every read_committed reader.
_PRODUCER = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 2,
    "retry.backoff.ms": 5,
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "queue.buffering.max.kbytes": 65536,
}
_TRANSACTIONAL = {"transaction.timeout.ms": 10000}


class KafkaBroker:
    """A Kafka cluster."""

    def __init__(self, settings: KafkaSettings, *, quiet: bool = False) -> None:
        """Connect when first asked. `quiet`: librdkafka writes nothing on stderr of its own."""
        self._client: dict[str, Any] = {
            **settings.client(),
            "error_cb": _ignore_transport,
            "log_level": 0 if quiet else 3,
        }
        self._admin: AdminClient | None = None
        self._plain: ck.Producer | None = None

    def partitions(self, topic: str) -> int:
        found = self._metadata(topic).topics[topic]
        if found.error is not None or not found.partitions:
            raise BrokerUnavailable(
                f"there is no topic {topic!r}: 'evermodel topics create' makes the missing ones"
            )
        return len(found.partitions)

    def consumer(
        self, *, group: str, instance: str, topics: Sequence[str], listener: Listener
    ) -> "KafkaConsumer":
        for topic in topics:
            self.partitions(topic)
        member = {"group.id": group, "group.instance.id": f"{group}-{instance}"}
        return KafkaConsumer({**self._client, **_CONSUMER, **member}, topics, listener)

    def producer(self, *, transactional_id: str) -> "KafkaProducer":
        own = {"transactional.id": transactional_id}
        return KafkaProducer({**self._client, **_PRODUCER, **_TRANSACTIONAL, **own})

    def reader(self, partitions: Sequence[TopicPartition]) -> "KafkaReader":
        return KafkaReader(self._client, partitions, ends=self._ends(partitions))

    def publish(self, records: Iterable[Outgoing]) -> None:
        if self._plain is None:
            self._plain = ck.Producer({**self._client, **_PRODUCER})
        failures: list[ck.KafkaError] = []
        for record in records:
            _produce(self._plain, record, on_delivery=failures)
        if self._plain.flush(_REQUEST_SECONDS * 3):
            raise BrokerUnavailable("the broker did not acknowledge in time")
        if failures:
            raise translate(ck.KafkaException(failures[0]))

    def close(self) -> None:
        if self._plain is not None:
            self._plain.flush(_REQUEST_SECONDS)
        self._plain, self._admin = None, None

    def _metadata(self, topic: str) -> ClusterMetadata:
        try:
            return self._administration().list_topics(topic, timeout=_REQUEST_SECONDS)
        except ck.KafkaException as error:
            raise translate(error) from error

    def _administration(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient({**self._client})
        return self._admin

    def _ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the high watermarks, open transactions included."""
        deadline = time.monotonic() + _REQUEST_SECONDS
        while partitions:
            try:
                return self._ask_ends(partitions)
            except ck.KafkaException as error:
                # A partition has no leader right after its topic was made, or while one moves.
                if error.args[0].code() not in _LEADERLESS or time.monotonic() > deadline:
                    raise translate(error) from error
            self._metadata(partitions[0].topic)
            threading.Event().wait(_LEADER_SECONDS)
        return {}

    def _ask_ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # its stub is untyped
        asked = {ck.TopicPartition(p.topic, p.partition): latest for p in partitions}
        futures = self._administration().list_offsets(
            asked,
            isolation_level=ck.IsolationLevel.READ_UNCOMMITTED,
            request_timeout=_REQUEST_SECONDS,
        )
        return {
            TopicPartition(p.topic, p.partition): future.result().offset
            for p, future in futures.items()
        }


class KafkaConsumer:
    """A static member of a classic consumer group."""

    def __init__(
        self, configuration: Mapping[str, object], topics: Sequence[str], listener: Listener
    ) -> None:
        self._listener = listener
        self._consumer = ck.Consumer(dict(configuration))
        self._failed: BaseException | None = None
        self._consumer.subscribe(
            list(topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        try:
            # The first waits; the rest is what lies ready: no waiting for a full batch.
            found = self._consumer.consume(1, timeout_seconds)
            if found and limit > 1:
                found += self._consumer.consume(limit - 1, 0)
        except ck.KafkaException as error:
            raise translate(error) from error
        self._raise_failure()
        return [_record(message) for message in found if _is_record(message)]

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        if partitions:
            self._consumer.pause([ck.TopicPartition(p.topic, p.partition) for p in partitions])

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        if partitions:
            self._consumer.resume([ck.TopicPartition(p.topic, p.partition) for p in partitions])

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int | None]:
        if not partitions:
            return {}
        asked = [ck.TopicPartition(p.topic, p.partition) for p in partitions]
        try:
            found = self._consumer.committed(asked, timeout=_REQUEST_SECONDS)
        except ck.KafkaException as error:
            raise translate(error) from error
        return {
            TopicPartition(p.topic, p.partition): p.offset if p.offset >= 0 else None for p in found
        }

    def restart(self, starts: Mapping[TopicPartition, int | None]) -> None:
        self._consumer.assign(_starts(starts))
        self._consumer.resume(_starts(starts))

    def lag(self) -> Mapping[TopicPartition, int]:
        found: dict[TopicPartition, int] = {}
        for at in self._consumer.position(self._consumer.assignment()):
            try:
                _, high = self._consumer.get_watermark_offsets(at, cached=True)
            except ck.KafkaException:  # not fetched from yet: not known
                continue
            if at.offset >= 0 and high >= 0:
                found[TopicPartition(at.topic, at.partition)] = max(high - at.offset, 0)
        return found

    def metadata(self) -> object:
        """Return what a transaction needs to commit offsets for this member."""
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        self._consumer.close()

    def _on_assign(self, consumer: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        with _Kept(self):
            starts = self._listener.on_assigned(_plain(partitions))
            consumer.assign(_starts(starts))

    def _on_revoke(self, consumer: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        with _Kept(self):
            self._listener.on_revoked(_plain(partitions))
        consumer.unassign()

    def _on_lost(self, consumer: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        with _Kept(self):
            self._listener.on_lost(_plain(partitions))
        consumer.unassign()

    def keep(self, error: BaseException) -> None:
        """Remember what a callback raised: librdkafka would print and forget it."""
        self._failed = self._failed or error

    def _raise_failure(self) -> None:
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed


class _Kept:
    """Carries an exception out of a librdkafka callback to the poll that ran it."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self._consumer.keep(error)
        return error is not None


class KafkaProducer:
    """A transactional producer. Making it fences its predecessor."""

    def __init__(self, configuration: Mapping[str, object]) -> None:
        self._producer = ck.Producer(dict(configuration))
        self._open = False
        try:
            self._producer.init_transactions(_REQUEST_SECONDS * 3)
        except ck.KafkaException as error:
            raise translate(error) from error

    def begin(self) -> None:
        try:
            self._producer.begin_transaction()
        except ck.KafkaException as error:
            raise translate(error) from error
        self._open = True

    def send(self, record: Outgoing) -> None:
        try:
            _produce(self._producer, record)
        except ck.KafkaException as error:
            raise translate(error) from error

    def commit(self, offsets: Mapping[TopicPartition, int], *, consumer: Consumer | None) -> None:
        try:
            if offsets:
                if not isinstance(consumer, KafkaConsumer):
                    raise TypeError("offsets are committed with the consumer that read them")
                self._send_offsets(offsets, consumer.metadata())
            self._commit()
        except ck.KafkaException as error:
            self._undo_after(error)
        self._open = False

    def abort(self) -> None:
        if not self._open:
            return
        self._open = False
        try:
            self._producer.abort_transaction(_REQUEST_SECONDS)
        except ck.KafkaException as error:
            raise translate(error) from error

    def close(self) -> None:
        try:
            self.abort()
        except (BrokerUnavailable, TransactionAborted):
            # The broker ends it after its timeout, or when the next of this name begins.
            self._producer.purge()

    def _send_offsets(self, offsets: Mapping[TopicPartition, int], metadata: object) -> None:
        self._producer.send_offsets_to_transaction(
            [ck.TopicPartition(p.topic, p.partition, offset) for p, offset in offsets.items()],
            metadata,
            _REQUEST_SECONDS,
        )

    def _commit(self) -> None:
        deadline = time.monotonic() + _REQUEST_SECONDS
        while True:
            try:
                self._producer.commit_transaction(_REQUEST_SECONDS)
            except ck.KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _undo_after(self, error: ck.KafkaException) -> None:
        """Abort what can be aborted; raise what the loop can act on."""
        fatal = fatal_of(error)
        if fatal is not None:
            self._open = False
            raise fatal from error
        self.abort()
        raise TransactionAborted(str(error.args[0].str())) from error


class KafkaReader:
    """Reads whole partitions from the beginning; commits nothing."""

    def __init__(
        self,
        client: Mapping[str, object],
        partitions: Sequence[TopicPartition],
        *,
        ends: Mapping[TopicPartition, int],
    ) -> None:
        # Kafka wants a group name even of a reader that never joins one.
        own = {"group.id": "evermodel-reader", "enable.partition.eof": True}
        settings = {k: v for k, v in _CONSUMER.items() if k != "partition.assignment.strategy"}
        self._consumer = ck.Consumer({**client, **settings, **own})
        self._missing = {partition: end for partition, end in ends.items() if end > 0}
        self._reached: dict[TopicPartition, int] = {}
        self._consumer.assign(_starts(dict.fromkeys(partitions)))

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        try:
            found = self._consumer.consume(1, timeout_seconds)
            if found and limit > 1:
                found += self._consumer.consume(limit - 1, 0)
        except ck.KafkaException as error:
            raise translate(error) from error
        return [_record(message) for message in found if self._is_record(message)]

    def has_reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether all that lies before `ends` has been returned, transaction markers included."""
        return all(self._reached.get(at, 0) >= end for at, end in ends.items())

    def caught_up(self) -> bool:
        return not self._missing

    def close(self) -> None:
        self._consumer.close()

    def _is_record(self, message: ck.Message) -> bool:
        error = message.error()
        if error is not None and error.code() == ck.KafkaError._PARTITION_EOF:
            # The end of what is decided; its offset counts transaction markers too.
            at = TopicPartition(message.topic() or "", message.partition() or 0)
            self._reached[at] = message.offset() or 0
            if self._reached[at] >= self._missing.get(at, 0):
                self._missing.pop(at, None)
            return False
        return _is_record(message)


def _starts(starts: Mapping[TopicPartition, int | None]) -> list[ck.TopicPartition]:
    return [
        ck.TopicPartition(p.topic, p.partition, _BEGINNING if offset is None else offset)
        for p, offset in starts.items()
    ]


def _plain(partitions: Sequence[ck.TopicPartition]) -> list[TopicPartition]:
    return [TopicPartition(p.topic, p.partition) for p in partitions]


def _is_record(message: ck.Message) -> bool:
    """Whether `message` is one; raises when it is an error that ends everything."""
    error = message.error()
    if error is None:
        return True
    if error.fatal() or error.code() in {
        ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
        ck.KafkaError.TOPIC_AUTHORIZATION_FAILED,
        ck.KafkaError.GROUP_AUTHORIZATION_FAILED,
    }:
        raise translate(ck.KafkaException(error))
    return False


def _record(message: ck.Message) -> Record:
    _, timestamp = message.timestamp()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=message.key(),
        value=message.value(),
        headers=_headers(message),
        timestamp_ms=timestamp,
    )


def _headers(message: ck.Message) -> tuple[tuple[str, bytes | None], ...]:
    found = message.headers() or ()
    pairs = found.items() if isinstance(found, dict) else found
    return tuple((k, v.encode() if isinstance(v, str) else v) for k, v in pairs)


def _produce(
    producer: ck.Producer, record: Outgoing, *, on_delivery: list[ck.KafkaError] | None = None
) -> None:
    def delivered(error: ck.KafkaError | None, _: object) -> None:
        if error is not None and on_delivery is not None:
            on_delivery.append(error)

    extra: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
    if on_delivery is not None:
        extra["on_delivery"] = delivered
    while True:
        try:
            producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                **extra,
            )
        except BufferError:  # the local queue is full: backpressure, let it drain
            producer.poll(0.05)
        else:
            producer.poll(0)
            return


def _ignore_transport(error: ck.KafkaError) -> None:
    """Transport errors are retried by librdkafka; what matters comes back from a call."""
