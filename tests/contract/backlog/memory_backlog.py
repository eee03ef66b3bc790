"""The backlog of an in-memory broker, as ``KafkaBacklog`` is that of a real one."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from evermodel.common.events.catalogue import TRANSACTIONS_PARTIALS
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.messaging.records import TopicPartition
from evermodel.drift.domain.backlog import unread


class MemoryBacklog:
    """Looks at how far the windowers are, and the scorers."""

    def __init__(self, broker: MemoryBroker, *, scored_from: Iterable[str]) -> None:
        self._broker, self._scored_from = broker, frozenset(scored_from)
        self.is_told = True

    def unread(self, topic: str, /) -> AbstractSet[int] | None:
        if not self.is_told:
            return None
        is_scorers = topic in self._scored_from
        ends, committed = self._of(topic, group="scorer" if is_scorers else "drift-windower")
        return unread(ends, committed, may_be_absent=is_scorers)

    def is_heard(self, model: str, /) -> bool:
        ends, committed = self._of(TRANSACTIONS_PARTIALS.name, group="drift-detector")
        home = partition_of(model.encode(), partitions=len(ends))
        return self.is_told and home not in unread(ends, committed, may_be_absent=False)

    def close(self) -> None:
        return None

    def _of(self, topic: str, *, group: str) -> tuple[dict[int, int], dict[int, int]]:
        places = [TopicPartition(topic, n) for n in range(self._broker.partitions(topic))]
        ends = {at.partition: self._broker.log(at).end for at in places}
        lags = self._broker.lags(group)
        committed = {n: end - lags.get(TopicPartition(topic, n), end) for n, end in ends.items()}
        return ends, {n: offset for n, offset in committed.items() if offset}
