"""How far groups are, and where topics end, asked of a real Kafka by one who joins nothing.

Owns a second way to ask what ``KafkaGroups`` asks, for whoever must outlive a broker. Of the
administrator's requests librdkafka 2.16 ends the whole process where a broker dies with one under
way (an assertion, ``eonce->refcnt > 0``, or a segmentation fault); a consumer's requests fail as
they should. It also needs no more than to be told of a topic and a group: it cannot read them.
"""

from collections.abc import Collection, Iterable, Mapping

import confluent_kafka as ck

from evermodel.common.events.access import READERS_GROUP
from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.settings.kafka import KafkaSettings

_REQUEST_SECONDS = 10.0
_LATEST = -1


class KafkaBystander:
    """Asks one cluster, again and again, over a connection for each group it is asked about."""

    def __init__(
        self, settings: KafkaSettings, *, request_seconds: float = _REQUEST_SECONDS
    ) -> None:
        """Connect when first asked. `request_seconds`: how long an answer may take."""
        self._settings, self._seconds = settings, request_seconds
        self._consumers: dict[str, ck.Consumer] = {}

    def committed(
        self, group: str, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """Return the next offset that `group` reads of each of `partitions`, where it has one.

        Raises:
            BrokerUnavailable: no answer, or it may not be told.
        """
        asked = [ck.TopicPartition(at.topic, at.partition) for at in partitions]
        try:
            found = self._consumer(group).committed(asked, timeout=self._seconds)
        except ck.KafkaException as error:
            raise translate(error) from error
        return _offsets(found)

    def ends(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return where the next record of each of `partitions` will lie, open ones included.

        Raises:
            BrokerUnavailable: no answer, or it may not be told.
        """
        asked = [ck.TopicPartition(at.topic, at.partition, _LATEST) for at in partitions]
        try:
            found = self._consumer(READERS_GROUP).offsets_for_times(asked, timeout=self._seconds)
        except ck.KafkaException as error:
            raise translate(error) from error
        return _offsets(found)

    def partitions(self, topic: str) -> list[TopicPartition]:
        """Return the partitions of `topic`.

        Raises:
            BrokerUnavailable: no answer, no such topic, or it may not be told of it.
        """
        try:
            told = self._consumer(READERS_GROUP).list_topics(topic, timeout=self._seconds)
        except ck.KafkaException as error:
            raise translate(error) from error
        found = told.topics[topic]
        if found.error is not None:
            raise BrokerUnavailable(f"{topic}: {found.error.str()}")
        return [TopicPartition(topic, number) for number in found.partitions]

    def close(self) -> None:
        """Let go of the connections."""
        for consumer in self._consumers.values():
            consumer.close()
        self._consumers.clear()

    def _consumer(self, group: str) -> ck.Consumer:
        if group not in self._consumers:
            own = {
                "group.id": group,
                "enable.auto.commit": False,
                "isolation.level": "read_uncommitted",  # an end counts what is not decided yet
                "log_level": 0,
            }
            self._consumers[group] = ck.Consumer({**self._settings.client(), **own})
        return self._consumers[group]


def _offsets(found: Iterable[ck.TopicPartition]) -> Mapping[TopicPartition, int]:
    for at in found:  # of one that is not told: none is not "none"
        if at.error is not None:
            raise translate(ck.KafkaException(at.error))
    return {TopicPartition(at.topic, at.partition): at.offset for at in found if at.offset >= 0}
