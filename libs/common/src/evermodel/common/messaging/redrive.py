"""Puts what was given up back where it came from, once each, with its own key and headers.

A redrive is itself a consumer group: the offset of a dead letter is committed in the very
transaction that puts the record back, so running it twice, or killing it, doubles nothing.
Only the group that gave the record up takes it again; every other one passes it by. Where a
letter had to leave something out, its original is read from the topic it came from; one that is
not there any more cannot be put back, and is told by name.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from evermodel.common.events.catalogue import REDRIVE_BYTES, record_bytes_of
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import (
    REDRIVEN_FOR,
    REDRIVEN_FROM,
    DeadLetter,
    Given,
    decode_dead_letter,
    given,
    is_put_back,
)
from evermodel.common.messaging.ports import Broker, BrokerUnavailable, Consumer
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import (
    Outgoing,
    Record,
    TopicPartition,
    size_of,
)

_LOG = logging.getLogger(__name__)
_CHUNK = 500
_POLL_SECONDS = 0.2
_JOIN_POLLS = 150

#: Partition and offset of a letter in its topic.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Redriven:
    """`back`: records put back now. `unreadable`: dead letters that are none, left alone.

    `gone`: what only a reference was kept of, and is in its topic no more, as ``topic[p]@offset``.
    `left`: letters from topics that were to be left, passed over for good; `outdated`: likewise of
    topics whose newest record of a key says all, where there is a newer one.
    """

    back: int = 0
    unreadable: int = 0
    gone: tuple[str, ...] = ()
    left: int = 0
    outdated: int = 0


class _Gone(Exception):
    """The original of a letter is not there, or cannot be put back as it is."""


def redrive_group(service: str) -> str:
    """Return the consumer group whose offsets say how far `service`'s letters were put back."""
    return f"{service}.redrive"


def redrive(
    broker: Broker, service: str, *, leave: Collection[str] = (), newest: Collection[str] = ()
) -> Redriven:
    """Put back every dead letter of `service` that no redrive has put back before.

    Those from the topics `leave` are passed over, and of the topics `newest` those whose key has a
    newer record: put back behind that one, what is over would be taken for what is the case.

    Raises:
        BrokerUnavailable: no answer, or the group could not be joined.
        Fenced: another redrive of this service began meanwhile.
    """
    topic = f"{service}.dead-letter"
    passage = _Passage()
    consumer = broker.consumer(
        group=redrive_group(service), instance="0", topics=[topic], listener=passage
    )
    producer = broker.producer(transactional_id=f"{service}.redrive-0")
    done = Redriven()
    try:
        letters, doubles = _left(broker, topic, passage.join(consumer))
        ends = _newest(broker, newest) if letters else {}
        for start in range(0, len(letters), _CHUNK):
            chunk = letters[start : start + _CHUNK]
            once = [r for r in chunk if (r.partition, r.offset) not in doubles]
            # Before the transaction: to look an original up may take longer than one may be open.
            originals, done = _originals(
                once, broker=broker, consumer=consumer, leave=leave, ends=ends, done=done
            )
            producer.begin()
            for original in originals:
                producer.send(original)
            offsets = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in chunk}
            producer.commit(offsets, consumer=consumer)
    finally:
        producer.close()
        consumer.close()
    return done


def _originals(
    letters: Sequence[Record],
    *,
    broker: Broker,
    consumer: Consumer,
    leave: Collection[str],
    ends: Mapping[tuple[str, bytes | None], int],
    done: Redriven,
) -> tuple[list[Outgoing], Redriven]:
    """Return what `letters` put back, and `done` with each of them counted."""
    found = []
    for record in letters:
        consumer.poll(limit=1, timeout_seconds=0.0)  # or the group takes the partitions away
        try:
            letter = decode_dead_letter(record.value)
            if letter.topic in leave:
                done = replace(done, left=done.left + 1)
            elif letter.offset < ends.get((letter.topic, letter.key), 0):
                done = replace(done, outdated=done.outdated + 1)
            else:
                found.append(_again(letter, broker=broker))
        except Poison as error:
            _LOG.error("dead letter at offset %s: %s", record.offset, error)
            done = replace(done, unreadable=done.unreadable + 1)
        except _Gone as error:
            _LOG.error("dead letter at offset %s: %s", record.offset, error)
            origin = f"{letter.topic}[{letter.partition}]@{letter.offset}"
            done = replace(done, gone=(*done.gone, origin))
    return found, replace(done, back=done.back + len(found))


class _Passage:
    """Waits for the group's assignment; reads nothing through it."""

    def __init__(self) -> None:
        self._consumer: Consumer | None = None
        self._committed: Mapping[TopicPartition, int | None] | None = None

    def join(self, consumer: Consumer) -> Mapping[TopicPartition, int | None]:
        """Return the group's offsets once the partitions are ours."""
        self._consumer = consumer
        for _ in range(_JOIN_POLLS):
            consumer.poll(limit=1, timeout_seconds=_POLL_SECONDS)
            if self._committed is not None:
                return self._committed
        raise BrokerUnavailable("the redrive's group could not be joined")

    def on_assigned(
        self, partitions: Sequence[TopicPartition], /
    ) -> Mapping[TopicPartition, int | None]:
        self._committed = self._consumer.committed(partitions) if self._consumer else {}
        return self._committed

    def on_revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        """Nothing is kept."""

    def on_lost(self, partitions: Sequence[TopicPartition], /) -> None:
        """Nothing is kept."""


def _left(
    broker: Broker, topic: str, committed: Mapping[TopicPartition, int | None]
) -> tuple[list[Record], Collection[Place]]:
    """Return the dead letters at or past the group's offsets, in order, and which are doubles."""
    letters = read_whole(broker, partitions_of(broker, [topic]))
    left = [
        record
        for record in letters
        if record.offset >= (committed.get(TopicPartition(record.topic, record.partition)) or 0)
    ]
    return left, _doubles(letters)


def _newest(broker: Broker, topics: Collection[str]) -> Mapping[tuple[str, bytes | None], int]:
    """Return by topic and key the offset of the newest record that nobody has put back."""
    if not topics:
        return {}
    records = read_whole(broker, partitions_of(broker, sorted(topics)))
    ends: dict[tuple[str, bytes | None], int] = {}
    for record in records:
        if not is_put_back(record.headers):
            place = record.topic, record.key
            ends[place] = max(ends.get(place, 0), record.offset)
    return ends


def _doubles(letters: Sequence[Record]) -> Collection[Place]:
    """Return the letters whose record had one before: two replicas may write one each."""
    seen, found = set[Given](), set[Place]()
    for record in letters:
        try:
            origin = given(decode_dead_letter(record.value))
        except Poison:
            continue  # told of when its turn comes
        if origin in seen:
            found.add((record.partition, record.offset))
        seen.add(origin)
    return found


def _again(letter: DeadLetter, *, broker: Broker) -> Outgoing:
    whole = _whole(letter, broker=broker) if letter.cut else letter
    again = Outgoing(
        topic=whole.topic,
        partition=whole.partition,
        key=whole.key,
        value=whole.value,
        headers=_headers(whole),
    )
    if size_of(again) > record_bytes_of(again.topic) + REDRIVE_BYTES:
        raise _Gone(f"{size_of(again)} bytes with its headers: larger than a topic takes")
    return again


def _whole(letter: DeadLetter, *, broker: Broker) -> DeadLetter:
    """Return `letter` with what it had to leave out, from the topic it came from."""
    at = TopicPartition(letter.topic, letter.partition)
    original = broker.record(at, offset=letter.offset)
    if original is None:
        raise _Gone("only a reference was kept of its original, which its topic holds no more")
    if original.flaw is not None:
        raise _Gone(f"{original.flaw}: without them it would be another record")
    return replace(letter, key=original.key, value=original.value, headers=original.headers, cut=())


def _headers(letter: DeadLetter) -> tuple[tuple[str, bytes], ...]:
    """Return the original's headers and whom it is for; a header without a value has none."""
    kept = [(n, v or b"") for n, v in letter.headers if n not in {REDRIVEN_FOR, REDRIVEN_FROM}]
    origin = f"{letter.topic}/{letter.partition}/{letter.offset}"
    return (*kept, (REDRIVEN_FOR, letter.group.encode()), (REDRIVEN_FROM, origin.encode()))
