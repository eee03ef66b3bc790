"""The last word of a replica on partitions that it gives away in good order: ``on_handover``.

Must never fail anybody: what is not said, the next owner finds out the long way.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.means import Means
from evermodel.common.messaging.outcome import Done, attempt
from evermodel.common.messaging.preparing import Prepared
from evermodel.common.messaging.records import TopicPartition

_LOG = logging.getLogger(__name__)


class Handovers:
    """Asks the service, partition by partition, and gathers what it answers."""

    def __init__(self, spec: ServiceSpec, *, means: Means) -> None:
        self._on_handover, self._outbox = spec.on_handover, means.outbox

    def hand_over(self, lanes: Sequence[Lane], *, positions: Mapping[TopicPartition, int]) -> None:
        """Put into the transaction what is to be kept of the partitions of `lanes`."""
        for lane in lanes if self._on_handover is not None else ():
            match attempt(partial(self._ask, lane.partition)):
                case Done(prepared):
                    if not prepared.is_empty:
                        self._outbox.put(prepared, offsets=positions.items())
                case failure:
                    _LOG.warning("%s is given away as it is: %s", lane.partition, failure.error)
                    return

    def _ask(self, at: TopicPartition) -> Prepared:
        if self._on_handover is None:
            raise RuntimeError("nobody to ask")
        return self._outbox.prepare(self._on_handover(at), cause=None, number=at.partition)
