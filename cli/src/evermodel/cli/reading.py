"""Reading topics from the command line: to the end as it is now, or on and on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evermodel.common.events.catalogue import CATALOGUE, Topic
from evermodel.common.events.codec import decode, decode_meta
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import is_put_back
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_rest
from evermodel.common.messaging.records import Record
from evermodel.common.settings.kafka import KafkaSettings

_BATCH = 500
_WAIT_SECONDS = 0.2
#: Topics of rows, which need no headers; what has them is an event among the rows.
ROWS = frozenset(topic.name for topic in CATALOGUE if topic.plane == "data")
PAYLOADS: dict[str, type[Payload]] = {p.TYPE: p for t in CATALOGUE for p in t.payloads}


@dataclass(frozen=True, slots=True)
class Read:
    """A record, and the event in it if it is one."""

    record: Record
    event: Event[Payload] | None
    problem: str | None = None


class Topics:
    """One reader for what is there and what comes, so that nothing falls between.

    Raises:
        BrokerUnavailable: the broker does not answer, or a topic is missing.
    """

    def __init__(self, settings: KafkaSettings, topics: Sequence[Topic]) -> None:
        self._broker = KafkaBroker(settings, quiet=True)
        names = [topic.name for topic in topics]
        self._reader = self._broker.reader(partitions_of(self._broker, names))

    def present(self) -> list[Read]:
        """Return all up to the end as it is now."""
        return [interpret(record) for record in read_rest(self._reader)]

    def following(self) -> list[Read]:
        """Return what comes within a moment."""
        got = self._reader.poll(limit=_BATCH, timeout_seconds=_WAIT_SECONDS)
        return [interpret(record) for record in got]

    def close(self) -> None:
        """Let go of the broker."""
        self._reader.close()
        self._broker.close()


def read(settings: KafkaSettings, topics: Sequence[Topic]) -> list[Read]:
    """Return what lies in `topics` now; partitions in no set order."""
    reader = Topics(settings, topics)
    try:
        return reader.present()
    finally:
        reader.close()


def interpret(record: Record) -> Read:
    """Return `record` with the event it carries; what is none says why, unless it is a row."""
    if record.topic in ROWS and "ce_type" not in dict(record.headers):
        return Read(record, None)
    try:
        kind = PAYLOADS.get(decode_meta(record.headers).type)
        if kind is None:
            return Read(record, None, "of a type the catalogue does not know")
        return Read(record, decode(kind, value=record.value, headers=record.headers))
    except Poison as error:
        return Read(record, None, str(error))


def events(found: Iterable[Read]) -> list[Event[Payload]]:
    """Return the events of `found` as they were written: by topic, partition and offset.

    Never by event time: two steps that follow from one cause share it, and who serves goes by
    the one written last. Without what was put back for one service: it was written before.
    """
    placed = [
        (each.record, each.event)
        for each in found
        if each.event is not None and not is_put_back(each.record.headers)
    ]
    placed.sort(key=lambda pair: (pair[0].topic, pair[0].partition, pair[0].offset))
    return [event for _, event in placed]
