"""A service that reads again what refills its memory: what of that is gone, is gone; no more."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, MODEL_TRAINED
from evermodel.common.events.codec import decode
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.api import Restored
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.testing.sample import START, Counting, command
from evermodel.embedded.testing import connected
from tests.faults.kafka.administrator import Administrator

COMMANDS = LIFECYCLE_COMMANDS.name


class Refilling(Counting):
    """Reads everything again whenever it is restored, as a windower does its open windows."""

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        super().on_restored(partition, state, committed)
        return Restored(rewind_to=0)


@pytest.fixture
def broker(own_kafka_bootstrap: str) -> Iterator[KafkaBroker]:
    with connected(own_kafka_bootstrap) as made:
        yield made


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
