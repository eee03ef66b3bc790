"""What of a table lies in the dead letter already: no offset says that it was given up before.

A table is read whole at each start, and by every replica. Owns the knowledge of its letters, read
when it is needed and not before: most services never need it. Must never write.
"""

import logging

from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import DeadLetter, Given, decode_dead_letter, given
from evermodel.common.messaging.ports import Broker, BrokerUnavailable
from evermodel.common.messaging.reading import partitions_of, read_whole

_LOG = logging.getLogger(__name__)


class Buried:
    """The letters of `topic`."""

    def __init__(self, broker: Broker, *, topic: str) -> None:
        self._broker, self._topic = broker, topic
        self._known: set[Given] = set()

    def holds(self, letter: DeadLetter) -> bool:
        """Whether a letter of the same record by the same group is there.

        Waits for transactions that are open now: none of the caller's own may be. Two replicas
        that ask at the same moment may both be told no.
        """
        if given(letter) not in self._known:
            self._read()
        return given(letter) in self._known

    def _read(self) -> None:
        try:
            found = read_whole(self._broker, partitions_of(self._broker, [self._topic]))
        except BrokerUnavailable as error:
            # Rights granted by an earlier version may not let us look: two are better than none.
            _LOG.warning("whether it was given up before is not known: %s", error)
            return
        for record in found:
            try:
                self._known.add(given(decode_dead_letter(record.value)))
            except Poison:
                continue  # none of ours: `evermodel redrive` tells of it
