"""librdkafka's messages and partitions as the loop's, and back."""

from collections.abc import Mapping, Sequence
from operator import methodcaller
from typing import Any

import confluent_kafka as ck

from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition

_BEGINNING = ck.OFFSET_BEGINNING
#: Not called as a method: a call that the interpreter has specialised does not look whether an
#: error came with the answer, which then surfaces anywhere, or never.
_read_headers = methodcaller("headers")


def starts_of(starts: Mapping[TopicPartition, int | None]) -> list[ck.TopicPartition]:
    """Return where to read each partition from; None is its beginning."""
    return [
        ck.TopicPartition(p.topic, p.partition, _BEGINNING if offset is None else offset)
        for p, offset in starts.items()
    ]


def plain(partitions: Sequence[ck.TopicPartition]) -> list[TopicPartition]:
    """Return `partitions` without their offsets."""
    return [TopicPartition(p.topic, p.partition) for p in partitions]


def place_of(message: ck.Message) -> TopicPartition:
    """Return the partition that `message` is of."""
    return TopicPartition(message.topic() or "", message.partition() or 0)


def consumed(consumer: ck.Consumer, *, limit: int, seconds: float) -> list[ck.Message]:
    """Return what lies ready, waiting `seconds` for the first: none waits for a full batch.

    Raises:
        Fenced, BrokerUnavailable: as librdkafka says.
    """
    try:
        found = consumer.consume(1, seconds)
        return found + consumer.consume(limit - 1, 0) if found and limit > 1 else found
    except ck.KafkaException as error:
        raise translate(error) from error


def is_end(message: ck.Message) -> bool:
    """Whether `message` says that its partition ends at its offset, past transaction markers."""
    error = message.error()
    return error is not None and error.code() == ck.KafkaError._PARTITION_EOF


def is_record(message: ck.Message) -> bool:
    """Whether `message` is one; raises when it is an error that ends everything."""
    error = message.error()
    if error is None:
        return True
    if error.fatal() or error.code() in {
        ck.KafkaError._FATAL,  # of a message it never counts as fatal() itself
        ck.KafkaError._AUTO_OFFSET_RESET,  # the next start says what has become of the records
        ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
        ck.KafkaError.TOPIC_AUTHORIZATION_FAILED,
        ck.KafkaError.GROUP_AUTHORIZATION_FAILED,
        ck.KafkaError.INVALID_SESSION_TIMEOUT,  # from here on: asked again for ever, in silence
        ck.KafkaError.INCONSISTENT_GROUP_PROTOCOL,
        ck.KafkaError.INVALID_GROUP_ID,
        ck.KafkaError.GROUP_MAX_SIZE_REACHED,
    }:
        raise translate(ck.KafkaException(error))
    return False


def record_of(message: ck.Message) -> Record:
    """Return the record that `message` is."""
    _, timestamp = message.timestamp()
    headers, flaw = _headers(message)
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=message.key(),
        value=message.value(),
        headers=headers,
        timestamp_ms=timestamp,
        flaw=flaw,
    )


def _headers(message: ck.Message) -> tuple[tuple[tuple[str, bytes | None], ...], str | None]:
    """Return the headers, or none and why they cannot be read.

    At a name that is no UTF-8 the binding returns a list with a hole in it *and* an error. Out of
    a poll it would stop the service, at the same record each time that it is started.
    """
    try:
        found = _read_headers(message) or ()
    except SystemError:
        return (), "a header's name is not UTF-8"
    pairs = found.items() if isinstance(found, dict) else found
    return tuple((k, v.encode() if isinstance(v, str) else v) for k, v in pairs), None


def produce(
    producer: ck.Producer, record: Outgoing, *, on_delivery: list[ck.KafkaError] | None = None
) -> None:
    """Hand `record` to `producer`, waiting while its queue is full."""

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
