"""Members of groups on a real Kafka.

Owns every librdkafka setting of reading, each as measured. ``consume`` gives records to the thread
that polls; assignments are taken over inside it.
"""

from collections.abc import Collection, Mapping, Sequence

import confluent_kafka as ck

from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.kafka_records import (
    consumed,
    is_end,
    is_record,
    place_of,
    plain,
    record_of,
    starts_of,
)
from evermodel.common.messaging.kafka_starts import Holdings
from evermodel.common.messaging.ports import Listener
from evermodel.common.messaging.records import Record, TopicPartition

REQUEST_SECONDS = 10.0
# A replica killed within a transaction leaves its offsets undecided until the broker ends it:
# transaction.timeout.ms, and up to ten seconds more until the broker looks. Whoever takes its
# partitions over waits for that. Inside a poll, with two looks at what the partitions hold: below
# max.poll.interval.ms.
UNDECIDED_SECONDS = 30.0

# A static member of a classic group that returns within the session keeps its partitions: 1.2 s
# to the next commit after a kill where a dynamic one needs 5.7 s. Range: topics with the same
# partition count are assigned alike, so state partition p comes with input partition p. A fetch
# waits 250 ms for a first record: hops of single events are the same as at 50, and the broker of an
# idle stack of eight services takes 7 % of a core where it took 16. An end is told, or nobody could
# say that all was read: the last offset of a partition is mostly a marker, which comes to nobody.
CONSUMER = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "range",
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 1500,
    "max.poll.interval.ms": 60000,
    "fetch.wait.max.ms": 250,
    "queued.max.messages.kbytes": 16384,
    "topic.metadata.refresh.interval.ms": 30000,
}


class KafkaConsumer:
    """A static member of a classic consumer group."""

    def __init__(
        self,
        configuration: Mapping[str, object],
        topics: Sequence[str],
        listener: Listener,
        *,
        holdings: Holdings,
    ) -> None:
        """`holdings`: what the partitions still hold (``kafka_starts``)."""
        self._listener, self._holdings = listener, holdings
        self._consumer = ck.Consumer(dict(configuration))
        self._failed: BaseException | None = None
        self._ends: dict[TopicPartition, int] = {}
        self._consumer.subscribe(
            list(topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        records: list[Record] = []
        seconds = timeout_seconds
        while True:
            wanted = limit - len(records)
            found = consumed(self._consumer, limit=wanted, seconds=seconds)
            self._raise_failure()
            records += [record_of(message) for message in found if self._is_record(message)]
            if len(found) < wanted or len(records) == limit:
                return records
            seconds = 0.0  # ends took places: who gets fewer than the limit takes it for all

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
            found = self._consumer.committed(asked, timeout=UNDECIDED_SECONDS)
            for place in found:  # of one that the coordinator does not tell: none is not "none"
                if place.error is not None:
                    raise ck.KafkaException(place.error)
        except ck.KafkaException as error:
            raise translate(error) from error
        offsets = {
            TopicPartition(p.topic, p.partition): p.offset if p.offset >= 0 else None for p in found
        }
        self._holdings.require(offsets)
        return offsets

    def restart(self, starts: Mapping[TopicPartition, int | None]) -> None:
        held = starts_of(self._holdings.clipped(starts))
        self._ends.clear()
        self._consumer.assign(held)
        self._consumer.resume(held)

    def lag(self) -> Mapping[TopicPartition, int]:
        found: dict[TopicPartition, int] = {}
        for at in self._consumer.position(self._consumer.assignment()):
            try:
                _, high = self._consumer.get_watermark_offsets(at, cached=True)
            except ck.KafkaException:  # not fetched from yet: not known
                continue
            where = TopicPartition(at.topic, at.partition)
            offset = max(at.offset, self._ends.get(where, -1))
            if offset >= 0 and high >= 0:
                found[where] = max(high - offset, 0)
        return found

    def ends(self) -> Mapping[TopicPartition, int]:
        return dict(self._ends)

    def metadata(self) -> object:
        """Return what a transaction needs to commit offsets for this member."""
        return self._consumer.consumer_group_metadata()

    def close(self) -> None:
        self._consumer.close()

    def _is_record(self, message: ck.Message) -> bool:
        if is_end(message):
            self._ends[place_of(message)] = message.offset() or 0
            return False
        if not is_record(message):
            return False
        if self._ends:
            self._ends.pop(place_of(message), None)
        return True

    def _on_assign(self, consumer: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        self._ends.clear()
        with _Kept(self):
            starts = starts_of(
                self._holdings.clipped(self._listener.on_assigned(plain(partitions)))
            )
            consumer.assign(starts)
            # One that was paused when it was taken away may come back so: nobody would resume it.
            consumer.resume(starts)

    def _on_revoke(self, consumer: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        with _Kept(self):
            self._listener.on_revoked(plain(partitions))
        consumer.unassign()

    def _on_lost(self, consumer: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
        with _Kept(self):
            self._listener.on_lost(plain(partitions))
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
