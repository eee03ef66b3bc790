"""How far groups are, asked of brokers that are killed meanwhile.

Owns a second way to ask what ``KafkaGroups`` asks. Of the administrator's requests librdkafka 2.16
ends the whole process where a broker dies with one under way (an assertion, ``eonce->refcnt > 0``,
or a segmentation fault); a consumer's requests fail as they should.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing

import confluent_kafka as ck

from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_errors import translate
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.reading import partitions_of
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.settings.kafka import KafkaSettings

_REQUEST_SECONDS = 10.0
_LATEST = -1


class Asking(KafkaGroups):
    """Asks of `places`, the only partitions there are, through a consumer that joins nothing."""

    def __init__(self, settings: KafkaSettings, places: Iterable[TopicPartition]) -> None:
        super().__init__(settings)
        self._settings = settings
        self._places = list(places)
        self._consumers: dict[str, ck.Consumer] = {}

    def committed(self, groups: Iterable[str]) -> Mapping[str, Mapping[TopicPartition, int]]:
        return {group: self._committed(group) for group in groups}

    def ends(self, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
        wanted = {*topics}
        asked = [
            ck.TopicPartition(at.topic, at.partition, _LATEST)
            for at in self._places
            if at.topic in wanted
        ]
        try:
            found = self._consumer("evermodel-reader").offsets_for_times(
                asked, timeout=_REQUEST_SECONDS
            )
        except ck.KafkaException as error:
            raise translate(error) from error
        return _offsets(found)

    def close(self) -> None:
        """Let go of the connections."""
        for consumer in self._consumers.values():
            consumer.close()

    def _committed(self, group: str) -> Mapping[TopicPartition, int]:
        asked = [ck.TopicPartition(at.topic, at.partition) for at in self._places]
        try:
            found = self._consumer(group).committed(asked, timeout=_REQUEST_SECONDS)
        except ck.KafkaException as error:
            raise translate(error) from error
        return _offsets(found)

    def _consumer(self, group: str) -> ck.Consumer:
        if group not in self._consumers:
            own = {"group.id": group, "enable.auto.commit": False, "log_level": 0}
            self._consumers[group] = ck.Consumer({**self._settings.client(), **own})
        return self._consumers[group]


def asking(settings: KafkaSettings, topics: Sequence[str]) -> Asking:
    """Return who asks of all partitions that `topics` have now, while a broker answers yet."""
    with closing(KafkaBroker(settings, quiet=True)) as broker:
        return Asking(settings, partitions_of(broker, topics))


def _offsets(found: Iterable[ck.TopicPartition]) -> Mapping[TopicPartition, int]:
    return {TopicPartition(at.topic, at.partition): at.offset for at in found if at.offset >= 0}
