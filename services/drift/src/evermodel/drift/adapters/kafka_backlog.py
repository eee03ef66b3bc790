"""How far the detectors and those upstream of them are, as a real Kafka tells.

Must never read a record: it needs no more than to be told how far groups are.
"""

import logging
from collections.abc import Iterable, Mapping

from evermodel.common.messaging.kafka_bystander import KafkaBystander
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.drift.domain.backlog import SCORER, is_past, readers

_LOG = logging.getLogger(__name__)

#: Asked from a turn of the loop, which has its own work to do.
_REQUEST_SECONDS = 3.0


class KafkaBacklog:
    """Asks how far the detectors are, the windowers, and the scorers."""

    def __init__(self, settings: KafkaSettings, *, scored_from: Iterable[str]) -> None:
        """`scored_from`: the topics that the scorers read."""
        self._bystander = KafkaBystander(settings, request_seconds=_REQUEST_SECONDS)
        self._readers = readers(scored_from=scored_from)

    def ends(self, topic: str) -> Mapping[int, int] | None:
        try:
            places = self._bystander.partitions(topic)
            return {at.partition: end for at, end in self._bystander.ends(places).items()}
        except BrokerUnavailable as error:
            _LOG.warning("where %s ends cannot be told: %s", topic, error)
            return None

    def is_past(self, topic: str, ends: Mapping[int, int]) -> bool:
        group = self._readers[topic]
        try:
            # Of all partitions: one that was never committed says nothing of the others.
            found = self._bystander.committed(group, self._bystander.partitions(topic))
        except BrokerUnavailable as error:
            _LOG.warning("how far %s is with %s cannot be told: %s", group, topic, error)
            return False
        committed = {at.partition: offset for at, offset in found.items()}
        return is_past(committed, ends, may_be_absent=group == SCORER)

    def close(self) -> None:
        """Let go of the connections."""
        self._bystander.close()
