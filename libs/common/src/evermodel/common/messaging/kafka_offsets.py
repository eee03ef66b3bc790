"""Where the partitions of a real Kafka end.

Owns the patience with a partition that has no leader right now: right after its topic was made,
or while one moves.
"""

import threading
import time
from collections.abc import Collection, Mapping

import confluent_kafka as ck

# Public, but the stub forgets to export them.
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.records import TopicPartition

_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.05
_LEADERLESS = {
    ck.KafkaError.NOT_LEADER_FOR_PARTITION,
    ck.KafkaError.LEADER_NOT_AVAILABLE,
    ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
}


def ends_of(
    admin: AdminClient, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """Return the high watermark of each partition, open transactions included.

    Raises:
        BrokerUnavailable: the broker does not answer, or one has no leader for ten seconds.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while partitions:
        try:
            return _asked(admin, partitions)
        except ck.KafkaException as error:
            if error.args[0].code() not in _LEADERLESS or time.monotonic() > deadline:
                raise translate(error) from error
        _learn_leaders(admin)
        threading.Event().wait(_LOOK_SECONDS)
    return {}


def _asked(
    admin: AdminClient, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, int]:
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # its stub is untyped
    answers = admin.list_offsets(
        {ck.TopicPartition(p.topic, p.partition): latest for p in partitions},
        isolation_level=ck.IsolationLevel.READ_UNCOMMITTED,
        request_timeout=_PATIENCE_SECONDS,
    )
    return {
        TopicPartition(at.topic, at.partition): answer.result().offset
        for at, answer in answers.items()
    }


def _learn_leaders(admin: AdminClient) -> None:
    try:
        admin.list_topics(timeout=_PATIENCE_SECONDS)
    except ck.KafkaException as error:
        raise translate(error) from error
