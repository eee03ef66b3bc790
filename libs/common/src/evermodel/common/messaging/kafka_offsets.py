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
from evermodel.common.messaging.kafka_metadata import metadata
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.records import TopicPartition

# As long as a broker may take to answer; a leader that moves is back within that, too.
_REQUEST_SECONDS = 10.0
_LOOK_SECONDS = 0.05
#: What passes: those that the Java client's look for offsets asks again after, too.
_LEADERLESS = {
    ck.KafkaError.NOT_LEADER_FOR_PARTITION,
    ck.KafkaError.LEADER_NOT_AVAILABLE,
    ck.KafkaError.REPLICA_NOT_AVAILABLE,
    ck.KafkaError.KAFKA_STORAGE_ERROR,
    ck.KafkaError.OFFSET_NOT_AVAILABLE,
    ck.KafkaError.FENCED_LEADER_EPOCH,
    ck.KafkaError.UNKNOWN_LEADER_EPOCH,
    ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
    ck.KafkaError._NOENT,  # librdkafka's own: not one of those asked for has a leader
}


def ends_of(
    admin: AdminClient,
    partitions: Collection[TopicPartition],
    *,
    patience_seconds: float = _REQUEST_SECONDS,
    first: bool = False,
) -> Mapping[TopicPartition, int]:
    """Return the high watermark of each partition, open transactions included.

    `first`: where the first record lies that was not deleted instead.

    Raises:
        BrokerUnavailable: the broker does not answer, or one had no leader all the while.
    """
    deadline = time.monotonic() + patience_seconds
    # Their stubs are untyped.
    wanted: OffsetSpec = OffsetSpec.earliest() if first else OffsetSpec.latest()  # type: ignore[no-untyped-call]
    ends: dict[TopicPartition, int] = {}
    while missing := [p for p in partitions if p not in ends]:
        left = min(_REQUEST_SECONDS, max(deadline - time.monotonic(), _LOOK_SECONDS))
        ends |= _asked(admin, missing, wanted, seconds=left)
        if leaderless := [f"{p.topic}[{p.partition}]" for p in missing if p not in ends]:
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"without a leader: {', '.join(leaderless)}")
            metadata(admin, timeout_seconds=left)  # who leads by now
            threading.Event().wait(_LOOK_SECONDS)
    return ends


def _asked(
    admin: AdminClient,
    partitions: Collection[TopicPartition],
    wanted: OffsetSpec,
    *,
    seconds: float,
) -> Mapping[TopicPartition, int]:
    """Return the ends of those of `partitions` that have a leader.

    Of one whose broker dies while it is asked librdkafka may say -1001 (no offset), and no error.
    """
    answers = admin.list_offsets(
        {ck.TopicPartition(p.topic, p.partition): wanted for p in partitions},
        isolation_level=ck.IsolationLevel.READ_UNCOMMITTED,
        request_timeout=seconds,
    )
    ends = {}
    for at, answer in answers.items():
        try:
            offset = answer.result().offset
        except ck.KafkaException as error:
            if error.args[0].code() not in _LEADERLESS:
                raise translate(error) from error
        else:
            if offset >= 0:
                ends[TopicPartition(at.topic, at.partition)] = offset
    return ends
