"""The last word of a replica on partitions that it gives away in good order: ``on_handover``.

Must never fail anybody: what is not said, the next owner finds out the long way.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from evermodel.common.messaging.api import Reaction, ServiceSpec
from evermodel.common.messaging.lane import Lane
from evermodel.common.messaging.means import Means
from evermodel.common.messaging.outcome import Done, attempt
from evermodel.common.messaging.preparing import Prepared
from evermodel.common.messaging.records import TopicPartition

_LOG = logging.getLogger(__name__)

#: Others wait for the partitions, and a process that is told to stop has some five seconds.
_MOST_SECONDS = 3.0


class Handovers:
    """Asks the service, partition by partition, and gathers what it answers."""

    def __init__(self, spec: ServiceSpec, *, means: Means) -> None:
        self._on_handover = spec.on_handover
        self._outbox, self._clock = means.outbox, means.clock

    def hand_over(self, lanes: Sequence[Lane], *, positions: Mapping[TopicPartition, int]) -> bool:
        """Put into the transaction what is to be kept of `lanes`; return whether there is any.

        All are asked first: what they do for that may take longer than a transaction may be open.
        """
        answers = self._asked(lanes)
        for answer in answers:
            self._outbox.put(answer, offsets=positions.items())
        return bool(answers)

    def _asked(self, lanes: Sequence[Lane]) -> list[Prepared]:
        answers: list[Prepared] = []
        if self._on_handover is None:
            return answers
        began = self._clock.monotonic()
        for lane in lanes:
            match attempt(partial(self._ask, self._on_handover, lane.partition)):
                case Done(prepared):
                    answers += [] if prepared.is_empty else [prepared]
                case failure:
                    _LOG.warning("%s is given away as it is: %s", lane.partition, failure.error)
                    break
            if self._clock.monotonic() - began > _MOST_SECONDS:
                _LOG.warning("what follows %s is given away as it is: no time", lane.partition)
                break
        return answers

    def _ask(
        self, on_handover: Callable[[TopicPartition], Reaction], at: TopicPartition
    ) -> Prepared:
        return self._outbox.prepare(on_handover(at), cause=None, number=at.partition)
