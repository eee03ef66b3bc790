"""How far groups are, asked of brokers that are killed meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing

from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_bystander import KafkaBystander
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.reading import partitions_of
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.settings.kafka import KafkaSettings


class Asking(KafkaGroups):
    """Asks of `places`, the only partitions there are, as a bystander does."""

    def __init__(self, settings: KafkaSettings, places: Iterable[TopicPartition]) -> None:
        super().__init__(settings)
        self._bystander, self._places = KafkaBystander(settings), list(places)

    def committed(self, groups: Iterable[str]) -> Mapping[str, Mapping[TopicPartition, int]]:
        return {group: self._bystander.committed(group, self._places) for group in groups}

    def ends(self, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
        wanted = {*topics}
        return self._bystander.ends([at for at in self._places if at.topic in wanted])

    def close(self) -> None:
        """Let go of the connections."""
        self._bystander.close()


def asking(settings: KafkaSettings, topics: Sequence[str]) -> Asking:
    """Return who asks of all partitions that `topics` have now, while a broker answers yet."""
    with closing(KafkaBroker(settings, quiet=True)) as broker:
        return Asking(settings, partitions_of(broker, topics))
