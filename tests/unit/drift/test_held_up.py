"""Silence of a partition is a reason to go on without it only where nothing is left in it.

What scores or counts it may be starting, restoring, or on its way to another replica, for as long
as it takes: its rows are in the window, whenever they come.
"""

from collections.abc import Sequence

import pytest

from evermodel.common.events.catalogue import (
    LABELS,
    TRANSACTIONS,
    TRANSACTIONS_PARTIALS,
    TRANSACTIONS_SCORED,
    Topic,
)
from evermodel.common.messaging.api import NOTHING, BatchRoute, Reaction, ServiceSpec
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.testing.harness import Harness
from tests.contract.backlog.memory_backlog import MemoryBacklog
from tests.unit.drift.bench import referenced
from tests.unit.drift.detecting import Desk

REFERENCE = referenced()
IDLE = 30.0
READERS = {TRANSACTIONS: "scorer", TRANSACTIONS_SCORED: "drift-windower", LABELS: "drift-windower"}


class Upstream:
    """A detector's, over two partitions. Nobody works there until told to."""

    def __init__(self) -> None:
        self.harness = Harness(partitions=2)
        self.backlog = MemoryBacklog(self.harness.broker, scored_from=[TRANSACTIONS.name])

    def desk(self, *, labelled: bool = True) -> Desk:
        """Return the detector; `labelled`: it is told that labels are ten days ahead."""
        desk = Desk(REFERENCE, idle_seconds=IDLE, backlog=self.backlog, harness=self.harness)
        desk.start()
        if labelled:
            desk.say(0, stream="labels", partitions=1, watermark=10)
        return desk

    def write(self, topic: Topic, *, partition: int) -> None:
        self.harness.publish_records([row(topic, partition)])

    def deal(self, topic: Topic) -> None:
        """Let whose it is deal with `topic`, and say so."""
        spec = ServiceSpec(name=READERS[topic], service="drift", batches=[BatchRoute(topic, dealt)])
        self.harness.add(spec, ticks=True)
        self.harness.run()
        self.harness.clock.advance(1.5)
        self.harness.run()


def row(topic: Topic, partition: int) -> Outgoing:
    return Outgoing(topic=topic.name, key=b"k", value=b"{}", partition=partition)


def dealt(records: Sequence[Record]) -> Reaction:
    return NOTHING


def test_a_partition_with_rows_that_nobody_has_counted_is_waited_for() -> None:
    upstream = Upstream()
    desk = upstream.desk()
    upstream.write(TRANSACTIONS_SCORED, partition=1)
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE + 1)
    desk.say(1, partition=0, rows=5)
    desk.wait(IDLE + 1)
    assert desk.days() == []
    desk.say(0, partition=1, rows=4)
    assert desk.days() == [(0, 7)]
    assert {w.late_rows for w in desk.windows()} == {0}


def test_it_is_waited_for_no_longer_once_everything_in_it_was_counted() -> None:
    upstream = Upstream()
    desk = upstream.desk()
    upstream.write(TRANSACTIONS_SCORED, partition=1)
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE + 1)
    assert desk.days() == []
    upstream.deal(TRANSACTIONS_SCORED)
    assert desk.days() == [(0, 3)], "of another model, say: nothing of it was this window's"


def test_a_partition_with_payments_that_nobody_has_scored_is_waited_for() -> None:
    upstream = Upstream()
    desk = upstream.desk()
    upstream.write(TRANSACTIONS, partition=0)
    upstream.deal(TRANSACTIONS)
    upstream.harness.loops.pop("scorer-0").close()
    upstream.write(TRANSACTIONS, partition=1)
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE + 1)
    assert desk.days() == []
    upstream.deal(TRANSACTIONS)
    assert desk.days() == [(0, 3)]


@pytest.mark.parametrize("were_heard", [False, True])
def test_labels_that_nobody_has_read_are_waited_for(were_heard: bool) -> None:
    upstream = Upstream()
    desk = upstream.desk(labelled=False)
    upstream.write(LABELS, partition=1)
    if were_heard:
        desk.say(0, stream="labels", partition=0)
    desk.wait(1)
    desk.wait(IDLE + 1)
    desk.say(0, partitions=1, rows=3)
    desk.wait(IDLE + 1)
    assert desk.days() == []
    upstream.deal(LABELS)
    assert desk.days() == [(0, 3)]


def test_nobody_is_idle_while_it_cannot_be_told_what_is_left() -> None:
    upstream = Upstream()
    desk = upstream.desk()
    upstream.backlog.is_told = False
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE + 1)
    assert desk.days() == []
    upstream.backlog.is_told = True
    desk.wait(2)
    assert desk.days() == [(0, 3)]


def test_what_is_left_in_one_partition_holds_up_that_one_only() -> None:
    upstream = Upstream()
    desk = upstream.desk()
    upstream.write(TRANSACTIONS_SCORED, partition=0)
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE + 1)
    assert desk.days() == [(0, 3)], "partition 0 said how far it is, and 1 has nothing left"


def test_nobody_is_idle_while_the_detector_has_not_heard_all_that_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upstream = Upstream()
    desk = upstream.desk()
    desk.say(0, partition=0, rows=3)
    is_past = upstream.backlog.is_past
    with monkeypatch.context() as patch:
        patch.setattr(
            upstream.backlog,
            "is_past",
            lambda topic, ends: topic != TRANSACTIONS_PARTIALS.name and is_past(topic, ends),
        )
        desk.wait(IDLE + 1)
        assert desk.days() == []
    desk.wait(2)
    assert desk.days() == [(0, 3)]


@pytest.mark.parametrize("topic", [TRANSACTIONS_SCORED, LABELS])
def test_others_that_never_rest_hold_up_nobody(topic: Topic) -> None:
    """Of another model, say, in the same partitions: something is always under way."""
    upstream = Upstream()
    desk = upstream.desk(labelled=topic is TRANSACTIONS_SCORED)
    upstream.deal(topic)
    producer = upstream.harness.broker.producer(transactional_id="busy")
    desk.wait(1)
    desk.say(0, partition=0, rows=3)
    producer.begin()
    for _ in range(3):
        producer.send(row(topic, 1))
        desk.wait(IDLE)
        producer.commit({}, consumer=None)
        producer.begin()
        producer.send(row(topic, 1))
        desk.wait(1.5)
    assert desk.days() == [(0, 3)]


def test_what_was_asked_of_one_window_is_no_answer_for_the_next() -> None:
    upstream = Upstream()
    desk = upstream.desk()
    desk.say(0, partition=0, rows=3)
    desk.wait(IDLE + 1)
    assert desk.days() == [(0, 3)]
    upstream.write(TRANSACTIONS_SCORED, partition=1)
    desk.say(1, partition=0, rows=5)
    desk.wait(IDLE + 1)
    assert desk.days() == [(0, 3)], "partition 1 has something of the second day, perhaps"
