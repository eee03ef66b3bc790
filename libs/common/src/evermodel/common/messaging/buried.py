"""What of a table lies in the dead letter already: no offset says that it was given up before.

A table is read whole at each start, and by every replica. Owns the knowledge of its letters, read
when it is needed and not before: most services never need it. Of a letter it keeps a digest, of
payments' letters nothing: they lie there too, by the thousand. Must never write.
"""

import logging
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256

from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import DeadLetter, decode_dead_letter, given
from evermodel.common.messaging.ports import Broker, BrokerUnavailable
from evermodel.common.messaging.reading import partitions_of, read_rest
from evermodel.common.messaging.records import Record

_LOG = logging.getLogger(__name__)


class Buried:
    """The letters of `topic` that tell of `tables`."""

    def __init__(self, broker: Broker, *, topic: str, tables: Iterable[str]) -> None:
        self._broker, self._topic = broker, topic
        self._tables = frozenset(tables)
        self._known: set[bytes] = set()

    def holds(self, letter: DeadLetter) -> bool:
        """Whether a letter of the same record by the same group is there.

        Waits for transactions that are open now: none of the caller's own may be. Two replicas
        that ask at the same moment may both be told no.
        """
        wanted = _digest(letter)
        if wanted not in self._known:
            self._read()
        return wanted in self._known

    def _read(self) -> None:
        try:
            reader = self._broker.reader(partitions_of(self._broker, [self._topic]))
            with closing(reader):
                for record in read_rest(reader):
                    self._note(record)
        except BrokerUnavailable as error:
            # Rights granted by an earlier version may not let us look: two are better than none.
            _LOG.warning("whether it was given up before is not known: %s", error)

    def _note(self, record: Record) -> None:
        try:
            letter = decode_dead_letter(record.value)
        except Poison:
            return  # none of ours: `evermodel redrive` tells of it
        if letter.topic in self._tables:
            self._known.add(_digest(letter))


def _digest(letter: DeadLetter) -> bytes:
    return sha256(repr(given(letter)).encode()).digest()
