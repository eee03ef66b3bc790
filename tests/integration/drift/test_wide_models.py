"""Counters of more features than a topic of Kafka's defaults takes, over a real broker."""

import random
from functools import cache

import pytest

from evermodel.common.events.catalogue import (
    DETECTOR_STATE,
    ORDINARY_BYTES,
    TRANSACTIONS_PARTIALS,
    TRANSACTIONS_WINDOWED,
    WIDE_BYTES,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.payload import Payload
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.messaging.redrive import redrive
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.testing.rollouts import rollout_step
from evermodel.drift.wiring import assemble_detector
from tests.unit.drift.bench import DAY, MONDAY, FakeReferences
from tests.unit.drift.detecting import NAME
from tests.unit.drift.wide import PARTITIONS, ROWS, Wide


@cache
def wide() -> Wide:
    return Wide(2_000)


def detector(broker: KafkaBroker) -> Loop:
    named = wide().reference.reference_id
    clock = SystemClock()
    spec = assemble_detector(
        models={NAME: wide().model},
        references=FakeReferences({named: wide().reference}),
        clock=clock,
    )
    return Loop(spec, broker=broker, clock=clock)


def lying(broker: KafkaBroker, topic: str) -> list[Record]:
    return read_whole(broker, partitions_of(broker, [topic]))


@pytest.mark.guarantee(
    "input",
    fault="a model of 2,000 features: a window's counters outgrow a megabyte, on a real broker",
    promise="counted, kept and published as those of any other",
    seen="transactions.windowed",
)
def test_a_window_of_megabytes_is_closed(own_broker: KafkaBroker) -> None:
    named = wide().reference.reference_id
    said: list[Payload] = [
        rollout_step("promoted", about=1, in_play=((1, "champion", 100),), reference_id=named),
        wide().labels(2),
        *(wide().partial(day, number) for number in range(PARTITIONS) for day in range(2)),
    ]
    for number, payload in enumerate(said):
        event = new_event(payload, time=MONDAY + DAY, source="/test", identity=f"{number}")
        own_broker.publish([event])
    with detector(own_broker) as loop:
        while len(windows := lying(own_broker, TRANSACTIONS_WINDOWED.name)) < 2:
            loop.step(timeout_seconds=0.1)
    for record in windows:
        assert len(record.value or b"") > 2 * ORDINARY_BYTES
        window = decode(TransactionsWindowed, value=record.value, headers=record.headers)
        assert window.payload.counters.rows == PARTITIONS * ROWS
    kept = lying(own_broker, DETECTOR_STATE.name)
    assert max(len(record.value or b"") for record in kept) > ORDINARY_BYTES
    assert not lying(own_broker, "drift.dead-letter")


def test_what_is_no_event_is_given_up_by_reference_and_put_back_whole(
    own_broker: KafkaBroker,
) -> None:
    noise = random.Random(1).randbytes(WIDE_BYTES - 200)  # compression makes nothing of it
    own_broker.publish([Outgoing(topic=TRANSACTIONS_PARTIALS.name, key=b"noise", value=noise)])
    with detector(own_broker) as loop:
        while not (letters := lying(own_broker, "drift.dead-letter")):
            loop.step(timeout_seconds=0.1)
    letter = decode_dead_letter(letters[0].value)
    assert (letter.reason, letter.cut, letter.value) == ("poison", ("value",), None)
    assert redrive(own_broker, "drift").back == 1
    *_, again = (r for r in lying(own_broker, letter.topic) if r.key == b"noise")
    assert (again.value, again.partition) == (noise, letter.partition)
    assert again.headers != ()
