"""The backlog of an in-memory broker, as ``KafkaBacklog`` is that of a real one."""

from collections.abc import Iterable, Mapping

from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.records import TopicPartition
from evermodel.drift.domain.backlog import SCORER, is_past, readers


class MemoryBacklog:
    """Looks at how far the detectors are, the windowers, and the scorers."""

    def __init__(self, broker: MemoryBroker, *, scored_from: Iterable[str]) -> None:
        self._broker = broker
        self._readers = readers(scored_from=scored_from)
        self.is_told = True

    def ends(self, topic: str, /) -> Mapping[int, int] | None:
        return self._ends(topic) if self.is_told else None

    def is_past(self, topic: str, ends: Mapping[int, int], /) -> bool:
        group = self._readers[topic]
        lags = self._broker.lags(group)
        committed = {
            n: end - lags.get(TopicPartition(topic, n), end) for n, end in self._ends(topic).items()
        }
        some = {n: offset for n, offset in committed.items() if offset}
        return self.is_told and is_past(some, ends, may_be_absent=group == SCORER)

    def close(self) -> None:
        return None

    def _ends(self, topic: str) -> Mapping[int, int]:
        numbers = range(self._broker.partitions(topic))
        return {n: self._broker.log(TopicPartition(topic, n)).end for n in numbers}
