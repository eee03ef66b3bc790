"""A service that reads again what refills its memory: what of that is gone, is gone; no more."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest

from evermodel.common.events.catalogue import (
    LIFECYCLE_COMMANDS,
    MODEL_TRAINED,
    TRANSACTIONS,
    TRANSACTIONS_SCORED,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.api import Restored
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing, TopicPartition
from evermodel.common.models.file import parse_model
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.testing.sample import START, Counting, command
from evermodel.scorer.wiring import assemble
from tests.faults.kafka.administrator import Administrator
from tests.unit.scorer.bench import MODEL, FormulaStore, Inline, payment, record

COMMANDS = LIFECYCLE_COMMANDS.name


class Refilling(Counting):
    """Reads everything again whenever it is restored, as a windower does its open windows."""

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        super().on_restored(partition, state, committed)
        return Restored(rewind_to=0)


@pytest.fixture
def hands(own_kafka_bootstrap: str) -> Administrator:
    return Administrator(own_kafka_bootstrap)


def say(broker: KafkaBroker, group: str, numbers: range) -> None:
    broker.publish(
        new_event(command(n, model=group), time=START, source="/test", identity=f"{group}/{n}")
        for n in numbers
    )


def answers(broker: KafkaBroker, group: str) -> list[str]:
    found = (
        decode(ModelTrained, value=record.value, headers=record.headers).payload
        for record in read_whole(broker, partitions_of(broker, [MODEL_TRAINED.name]))
    )
    return [payload.reason for payload in found if payload.model == group]


def work(broker: KafkaBroker, group: str, *, until: Callable[[], bool]) -> None:
    """Run the service until it has done what is wanted, and end it."""
    deadline = time.monotonic() + 60
    with Loop(Refilling().spec(name=group), broker=broker, clock=SystemClock()) as loop:
        while not until():
            assert time.monotonic() < deadline, "it never came"
            loop.step(timeout_seconds=0.05)


@pytest.mark.guarantee(
    "outside",
    fault="retention has removed records that a service has done with and would read again",
    promise="it begins at the first one that is there, and says nothing: it has lost nothing",
    seen="nothing: it is sound",
)
def test_records_that_were_done_with_may_be_gone(
    broker: KafkaBroker, hands: Administrator, caplog: pytest.LogCaptureFixture
) -> None:
    group = "refills"
    say(broker, group, range(5))
    work(broker, group, until=lambda: len(answers(broker, group)) == 5)
    hands.truncate(COMMANDS)
    say(broker, group, range(5, 6))
    with caplog.at_level(logging.ERROR):
        work(broker, group, until=lambda: len(answers(broker, group)) == 6)
    assert answers(broker, group)[-1] == "5 is 6"
    assert not caplog.records


@pytest.mark.guarantee(
    "outside",
    fault="the broker lost records that a service has done with and would read again",
    promise="it stops: what it begins with is not how far it was",
    seen="'stopped for safety: … ends at …, and … has read up to …', exit code 1",
)
def test_a_service_that_reads_again_stops_at_a_topic_that_was_cut(
    broker: KafkaBroker, hands: Administrator
) -> None:
    group = "robbed"
    say(broker, group, range(5))
    work(broker, group, until=lambda: len(answers(broker, group)) == 5)
    hands.await_empty(group)
    hands.reset(group, COMMANDS, offset=100_000)
    with pytest.raises(Fatal, match="has read up to 100000"):
        work(broker, group, until=lambda: False)


class AnHourLater(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(hours=1)


def score(broker: KafkaBroker, *, rows: int) -> list[str]:
    """Run a scorer until so many rows are there, an hour after the payments; return their ids."""
    store = FormulaStore()
    models = {"fraud": parse_model(MODEL, source="test")}
    spec = assemble(models=models, bundles=store, scoring=store, beside=Inline())
    deadline = time.monotonic() + 60
    found: list[str] = []
    with Loop(spec, broker=broker, clock=AnHourLater()) as loop:
        while len(found) < rows:
            assert time.monotonic() < deadline, found
            for _ in range(5):
                loop.step(timeout_seconds=0.05)
            records = read_whole(broker, partitions_of(broker, [TRANSACTIONS_SCORED.name]))
            found = [json.loads(record.value or b"")["id"] for record in records]
    return sorted(found)


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="the scorer's offsets are gone: its group was deleted, or forgotten while it was away",
    promise="it scores all that its topic still holds once more, and says so: each such row stands "
    "twice in transactions.scored, under the same transaction id",
    seen="warning 'group scorer has no offsets for transactions: it reads from the beginning; if "
    "it is not new, what it says comes again'",
)
def test_a_scorer_without_offsets_says_that_its_rows_come_again(
    broker: KafkaBroker, hands: Administrator, caplog: pytest.LogCaptureFixture
) -> None:
    broker.publish(
        Outgoing(
            topic=TRANSACTIONS.name,
            key=b"7",
            value=record(payment(TRANSACTION_ID=number)).value,
            headers=(("ce_subject", b"fraud"),),
            partition=number % 2,
        )
        for number in range(6)
    )
    once = score(broker, rows=6)
    hands.await_empty("scorer")
    hands.forget("scorer")
    caplog.clear()
    assert score(broker, rows=12) == sorted(once + once)
    said = [told.getMessage() for told in caplog.records if told.levelno == logging.WARNING]
    assert said == [
        "group scorer has no offsets for transactions: it reads from the beginning; if it is not "
        "new, what it says comes again"
    ]
