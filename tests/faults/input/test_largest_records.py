"""The largest records that a topic of the stream takes, on a real broker.

A sound one grows on its way: what a scorer says of a payment holds all of it and more.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from evermodel.common.events.catalogue import (
    LABELS,
    TRANSACTIONS,
    TRANSACTIONS_SCORED,
)
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.deadletter import DeadLetter, decode_dead_letter
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Record
from evermodel.common.messaging.redrive import redrive
from evermodel.common.runtime.clock import SystemClock
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.wiring import assemble_windower
from tests.unit.drift.bench import FakeReferences, described
from tests.unit.scorer.bench import Bench, by_amount, meta, payment, play, step

pytestmark = pytest.mark.whole

#: A topic of Kafka's defaults takes batches of 1,048,588 bytes, with what stands around a record.
LARGEST_BYTES = 1_048_400
KEY = b"largest"


def say(bootstrap: str, topic: str, *values: bytes) -> None:
    """Publish as an upstream does that was told to send whatever the topic takes."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": bootstrap, "message.max.bytes": 1_100_000, "log_level": 0}
    )
    refused: list[Any] = []
    for value in values:
        producer.produce(
            topic,
            value,
            KEY,
            headers={"ce_subject": b"fraud"},
            on_delivery=lambda error, _: refused.append(error) if error else None,
        )
    assert producer.flush(30) == 0
    assert refused == []


def lying(broker: KafkaBroker, topic: str) -> list[Record]:
    return [r for r in read_whole(broker, partitions_of(broker, [topic])) if r.key == KEY]


def filled(row: Mapping[str, Any], text: Callable[[str], Mapping[str, Any]], size: int) -> bytes:
    """Return `row` with `text` of it as long as it takes to have `size` bytes."""
    empty = json.dumps({**row, **text("")}).encode()
    return json.dumps({**row, **text("x" * (size - len(empty)))}).encode()


def letters(broker: KafkaBroker, service: str) -> list[DeadLetter]:
    return [decode_dead_letter(r.value) for r in lying(broker, f"{service}.dead-letter")]


def until(loop: Loop, true: Callable[[], bool]) -> None:
    for _ in range(300):
        loop.step(timeout_seconds=0.1)
        if true():
            return
    raise AssertionError("it stands still")


def windower(folder: Path) -> ServiceSpec:
    return assemble_windower(
        models={"fraud": described()},
        references=FakeReferences(),
        lake=ParquetLake(folder),
        codec=MsgpackTallies(),
        partitions=lambda _topic: 4,
        clock=SystemClock(),
    )


@pytest.mark.guarantee(
    "input",
    fault="a sound payment of 999,900 bytes, on a real broker: scored, it is larger than its "
    "topic takes",
    promise="given up by reference; the payments around it are scored; a redrive puts it back",
    seen="'given up (bug): … bytes for transactions.scored: too large a record'; cut in the dead "
    "letter; evermodel_dead_letters_total",
)
def test_the_largest_payment_stops_no_scorer(
    broker: KafkaBroker,
    own_kafka_bootstrap: str,
    make_scorer: Callable[[], Bench],
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = make_scorer()
    bench.store.formulas["v1"] = by_amount
    event = new_event(
        step(play(1, role="champion", weight=100), version=1),
        time=meta().time,
        source="/test",
        identity="serves",
    )
    broker.publish([event])
    large = filled(payment(TRANSACTION_ID=2), lambda text: {"MERCHANT": text}, 999_900)
    before, given_up = len(lying(broker, TRANSACTIONS_SCORED.name)), letters(broker, "scorer")
    with Loop(bench.spec, broker=broker, clock=SystemClock()) as loop:
        until(loop, lambda: bool(bench.store.loads))
        around = [json.dumps(payment(TRANSACTION_ID=n)).encode() for n in (1, 3)]
        say(own_kafka_bootstrap, TRANSACTIONS.name, around[0], large, around[1])
        until(loop, lambda: len(lying(broker, TRANSACTIONS_SCORED.name)) == before + 2)
        until(loop, lambda: len(letters(broker, "scorer")) == len(given_up) + 1)
        letter = letters(broker, "scorer")[-1]
        assert (letter.cut, letter.value) == (("value",), None)
        assert "bytes for transactions.scored: too large a record" in caplog.text
        redrive(broker, "scorer")
        assert lying(broker, TRANSACTIONS.name)[-1].value == large


@pytest.mark.guarantee(
    "input",
    fault="a broken record as large as its topic takes lies in {topic}, on a real broker",
    promise="given up by reference, with its place; what comes behind it is handled",
    seen="'given up (poison): …'; cut in the dead letter; evermodel_dead_letters_total",
)
@pytest.mark.parametrize("topic", [TRANSACTIONS_SCORED.name, LABELS.name])
def test_the_largest_record_stops_no_windower(
    topic: str, broker: KafkaBroker, own_kafka_bootstrap: str, tmp_path: Path
) -> None:

    def ours() -> list[DeadLetter]:
        return [
            letter
            for letter in letters(broker, "drift")
            if letter.topic == topic and (letter.cut or letter.value == b"{}")
        ]

    with Loop(windower(tmp_path), broker=broker, clock=SystemClock()) as loop:
        say(own_kafka_bootstrap, topic, b"\xff" * LARGEST_BYTES, b"{}")
        until(loop, lambda: len(ours()) == 2)
    large, small = ours()
    assert (large.reason, large.cut, large.value) == ("poison", ("value",), None)
    assert (large.topic, large.offset, small.value) == (topic, small.offset - 1, b"{}")
