"""What the detector's upstream has not dealt with yet, as a real Kafka tells.

Must never read a record: it needs no more than to be told how far groups are.
"""

import logging
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from evermodel.common.messaging.kafka_bystander import KafkaBystander
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
        group = "scorer" if is_scorers else "drift-windower"
        try:
            places = self._bystander.partitions(topic)
            committed = self._bystander.committed(group, places)
            ends = self._bystander.ends(places)
        except BrokerUnavailable as error:
            _LOG.warning("%s: how far %s is cannot be told: %s", topic, group, error)
            return None
        return unread(
            {at.partition: end for at, end in ends.items()},
            {at.partition: offset for at, offset in committed.items()},
            may_be_absent=is_scorers,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._bystander.close()
