"""What the detectors and those upstream of them have not dealt with yet, as a real Kafka tells.

Must never read a record: it needs no more than to be told how far groups are.
"""

import logging
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from evermodel.common.events.catalogue import TRANSACTIONS_PARTIALS
from evermodel.common.messaging.kafka_bystander import KafkaBystander
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.drift.domain.backlog import unread

_LOG = logging.getLogger(__name__)

#: Asked from a turn of the loop, which has its own work to do.
_REQUEST_SECONDS = 3.0


class KafkaBacklog:
    """Asks how far the windowers are, and the scorers."""

    def __init__(self, settings: KafkaSettings, *, scored_from: Iterable[str]) -> None:
        """`scored_from`: the topics that the scorers read."""
        self._bystander = KafkaBystander(settings, request_seconds=_REQUEST_SECONDS)
        self._scored_from = frozenset(scored_from)

    def unread(self, topic: str) -> AbstractSet[int] | None:
        is_scorers = topic in self._scored_from
        found = self._of(topic, group="scorer" if is_scorers else "drift-windower")
        if found is None:
            return None
        return unread(found.ends, found.committed, may_be_absent=is_scorers)

    def is_heard(self, model: str) -> bool:
        found = self._of(TRANSACTIONS_PARTIALS.name, group="drift-detector")
        if found is None:
            return False
        home = partition_of(model.encode(), partitions=len(found.ends))
        return home not in unread(found.ends, found.committed, may_be_absent=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._bystander.close()

    def _of(self, topic: str, *, group: str) -> "_Found | None":
        try:
            places = self._bystander.partitions(topic)
            committed = self._bystander.committed(group, places)
            ends = self._bystander.ends(places)
        except BrokerUnavailable as error:
            _LOG.warning("%s: how far %s is cannot be told: %s", topic, group, error)
            return None
        return _Found(
            ends={at.partition: end for at, end in ends.items()},
            committed={at.partition: offset for at, offset in committed.items()},
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """Offsets of one topic by partition: where it ends, and up to where one group has come."""

    ends: Mapping[int, int]
    committed: Mapping[int, int]
