"""Headers that no client of ours can read: their record is given up, and its neighbours go on."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, TRANSACTIONS
from evermodel.common.events.training import ModelTrained
from evermodel.common.messaging.api import BatchRoute, Reaction, ServiceSpec
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.memory_group import MemoryConsumer
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.messaging.redrive import redrive
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, command

PRODUCER = Path(__file__).with_name("foreign_producer.py")
FLAW = "a header's name is not UTF-8"


@pytest.mark.guarantee(
    "input",
    fault="the name of a header is no UTF-8",
    promise="a dead letter that says so; the records around it are handled; a redrive tells that "
    "it cannot be put back",
    seen="'given up (poison): a header's name is not UTF-8'; evermodel_dead_letters_total",
)
def test_a_header_name_that_is_no_utf8_stops_no_service(
    own_kafka_bootstrap: str, broker: KafkaBroker, caplog: pytest.LogCaptureFixture
) -> None:
    topic = LIFECYCLE_COMMANDS.name
    partition = _publish(broker, 1)
    subprocess.run(
        [sys.executable, str(PRODUCER), own_kafka_bootstrap, topic, str(partition)],
        input=b"{}",
        check=True,
    )
    _publish(broker, 2)
    with Loop(Counting().spec(), broker=broker, clock=SystemClock()) as loop:
        while len(_whole(broker, "model.trained")) < 2:
            loop.step(timeout_seconds=0.1)
    (letter,) = [decode_dead_letter(r.value) for r in _whole(broker, "trainer.dead-letter")]
    assert (letter.reason, letter.message, letter.value) == ("poison", FLAW, b"{}")
    assert (letter.cut, letter.headers) == (("headers",), ())
    assert f"given up (poison): {FLAW}" in caplog.text
    done = redrive(broker, "trainer")
    assert (done.back, done.gone) == (0, (f"{topic}[{partition}]@{letter.offset}",))


def _publish(broker: KafkaBroker, number: int) -> int:
    event = new_event(command(number), time=START, source="/test", identity=f"odd/{number}")
    broker.publish([event])
    return _whole(broker, LIFECYCLE_COMMANDS.name)[-1].partition


def _whole(broker: KafkaBroker, topic: str) -> list[Record]:
    return read_whole(broker, partitions_of(broker, [topic]))


@pytest.fixture
def flawed(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Records of this value come with headers that cannot be read."""
    poll, value = MemoryConsumer.poll, b"flawed"

    def polled(consumer: MemoryConsumer, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        found = poll(consumer, limit=limit, timeout_seconds=timeout_seconds)
        return [_flawed(r) if r.value == value else r for r in found]

    monkeypatch.setattr(MemoryConsumer, "poll", polled)
    return value


def _flawed(record: Record) -> Record:
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        flaw=FLAW,
    )


def test_no_handler_of_a_batch_sees_a_record_whose_headers_cannot_be_read(flawed: bytes) -> None:
    harness, taken = Harness(partitions=1), list[bytes | None]()

    def take(records: Sequence[Record], /) -> Reaction:
        taken.extend(record.value for record in records)
        return Reaction()

    route = BatchRoute(TRANSACTIONS, take)
    harness.add(ServiceSpec(name="scorer", service="scorer", batches=[route]))
    for values in ((b"a", flawed, b"b"), (flawed,)):
        harness.publish_records(
            [Outgoing(topic=TRANSACTIONS.name, key=None, value=value) for value in values]
        )
        harness.run()
    assert taken == [b"a", b"b"]
    letters = harness.dead_letters("scorer")
    assert [(letter.offset, letter.reason, letter.message) for letter in letters] == [
        (1, "poison", FLAW),
        (3, "poison", FLAW),
    ]


def test_an_event_whose_headers_cannot_be_read_is_given_up_at_once(flawed: bytes) -> None:
    harness = Harness(partitions=1)
    harness.add(Counting().spec())
    harness.publish_records([Outgoing(topic=LIFECYCLE_COMMANDS.name, key=None, value=flawed)])
    harness.publish(command(1), time=START)
    harness.run()
    (letter,) = harness.dead_letters("trainer")
    assert (letter.reason, letter.attempts, letter.cut) == ("poison", 1, ("headers",))
    assert [e.payload.reason for e in harness.events(ModelTrained)] == ["1 is 1"]


def test_what_cannot_be_read_is_not_put_back_as_something_else(
    flawed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, topic, look_up = Harness(partitions=1), LIFECYCLE_COMMANDS.name, MemoryBroker.record

    def looked_up(broker: MemoryBroker, at: TopicPartition, *, offset: int) -> Record | None:
        found = look_up(broker, at, offset=offset)
        return None if found is None else _flawed(found)

    monkeypatch.setattr(MemoryBroker, "record", looked_up)
    harness.add(Counting().spec())
    harness.publish_records([Outgoing(topic=topic, key=None, value=flawed)])
    harness.run()
    assert redrive(harness.broker, "trainer").gone == (f"{topic}[0]@0",)
    assert len(harness.records(topic)) == 1
