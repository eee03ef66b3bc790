"""Records near Kafka's size limit that are given up: nothing stops, and they come back."""

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.messaging.redrive import redrive
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.testing.sample import Counting

#: All that librdkafka sends by default, less its own overhead.
LARGEST = b"\xff" * 999_900


def ours(broker: KafkaBroker, topic: str) -> list[Record]:
    return [r for r in read_whole(broker, partitions_of(broker, [topic])) if r.key == b"large"]


@pytest.mark.guarantee(
    "input",
    fault="a broken record as large as a topic takes, with a real broker",
    promise="given up by reference; put back whole; nothing stops",
    seen="cut in the dead letter; evermodel redrive",
)
def test_the_largest_record_is_given_up_and_put_back_and_stops_nothing(
    broker: KafkaBroker,
) -> None:
    sent = Outgoing(topic=LIFECYCLE_COMMANDS.name, key=b"large", value=LARGEST)
    broker.publish([sent])
    with Loop(Counting().spec(name="trainer"), broker=broker, clock=SystemClock()) as loop:
        while not (letters := ours(broker, "trainer.dead-letter")):
            loop.step(timeout_seconds=0.1)
        (original,) = ours(broker, sent.topic)
        letter = decode_dead_letter(letters[0].value)
        assert (letter.reason, letter.cut, letter.value) == ("poison", ("value",), None)
        assert (letter.topic, letter.partition, letter.offset) == (
            original.topic,
            original.partition,
            original.offset,
        )
        assert redrive(broker, "trainer").back >= 1
        _, again = ours(broker, sent.topic)
        assert (again.value, again.partition) == (LARGEST, original.partition)
        while len(ours(broker, "trainer.dead-letter")) < 2:
            loop.step(timeout_seconds=0.1)
