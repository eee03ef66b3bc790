"""A table's partitions know nothing of each other: neither what was given up, nor what waits."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Permanent, Transient
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.api import Held, Reaction, Route
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, trained
from tests.unit.messaging.expelling import Expelling
from tests.unit.messaging.followed import FIRST, SECOND, answered, followed, said, say

T = TypeVar("T")


def refusing(event: LifecycleCommand, meta: EventMeta) -> Reaction:
    if event.model == FIRST:
        raise Permanent("never")
    return answered(event, meta)


def away(event: LifecycleCommand, meta: EventMeta) -> Reaction:
    if event.model == FIRST:
        raise Transient("the store is away", delay_seconds=60)
    return answered(event, meta)


@pytest.mark.parametrize("latest_only", [False, True])
def test_what_one_partition_gave_up_says_nothing_of_the_same_offset_of_another(
    latest_only: bool,
) -> None:
    harness = Harness(partitions=2)
    harness.add(followed(refusing, latest_only=latest_only))
    harness.run()
    say(harness, FIRST, 1)
    harness.run()
    say(harness, SECOND, 2)
    harness.run()
    assert [(letter.partition, letter.offset) for letter in harness.dead_letters("scorer")] == [
        (0, 0)
    ]
    assert said(harness) == [(SECOND, "2")]


def test_each_partition_has_all_tries_of_its_own_at_the_same_offset() -> None:
    harness, seen = Harness(partitions=2), list[str]()

    def broken(event: LifecycleCommand, _meta: EventMeta) -> Reaction:
        seen.append(event.model)
        raise KeyError("oops")

    harness.add(followed(broken))
    harness.run()
    say(harness, FIRST, 1)
    say(harness, SECOND, 2)
    harness.run()
    assert (seen.count(FIRST), seen.count(SECOND)) == (3, 3)
    assert [letter.attempts for letter in harness.dead_letters("scorer")] == [3, 3]


def test_a_partition_that_waits_holds_up_no_other() -> None:
    harness = Harness(partitions=2)
    loop = harness.add(followed(away))
    harness.run()
    say(harness, FIRST, 1)
    say(harness, SECOND, 2)
    for _ in range(3):
        loop.step()
    say(harness, SECOND, 3)
    for _ in range(3):
        loop.step()
    assert said(harness) == [(SECOND, "2"), (SECOND, "3")]


def test_nothing_begins_before_every_partition_was_read_to_its_end() -> None:
    harness, seen, store = Harness(partitions=2), list[str](), ["away"]

    def on_row(event: LifecycleCommand, meta: EventMeta) -> Reaction:
        if store:
            return away(event, meta)
        return answered(event, meta)

    def on_trained(event: ModelTrained, _meta: EventMeta) -> Reaction:
        seen.append(event.reason)
        return Reaction()

    say(harness, FIRST, 1)
    say(harness, SECOND, 2)
    loop = harness.add(followed(on_row, routes=[Route(ModelTrained, on_trained)]))
    for _ in range(5):
        loop.step()
    was_caught_up = loop.is_caught_up
    assert (said(harness), seen) == ([(SECOND, "2")], [])
    store.clear()
    harness.run()
    assert (was_caught_up, loop.is_caught_up) == (False, True)
    assert sorted(seen) == ["1", "2"]


def test_held_work_of_two_partitions_runs_side_by_side() -> None:
    harness, waiting = Harness(partitions=2), list[Callable[[], None]]()

    class ByHand:
        def submit(self, work: Callable[[], T], /) -> "Future[T]":
            future: Future[T] = Future()
            waiting.append(lambda: future.set_result(work()))
            return future

    spec = followed(lambda event, meta: Held(lambda: answered(event, meta)))
    harness.add(spec, beside=ByHand())
    harness.run()
    say(harness, FIRST, 1, 3)
    say(harness, SECOND, 2)
    harness.run()
    assert len(waiting) == 2
    while waiting:
        waiting.pop()()
        harness.run()
    assert said(harness) == sorted([(FIRST, "1"), (FIRST, "3"), (SECOND, "2")])


def test_the_events_of_a_partition_keep_their_order() -> None:
    harness, seen = Harness(partitions=2), list[tuple[str, str]]()

    def on_row(event: LifecycleCommand, _meta: EventMeta) -> Reaction:
        seen.append((event.model, event.why))
        return Reaction()

    harness.add(followed(on_row))
    harness.run()
    for number in range(5):
        say(harness, FIRST, number)
        say(harness, SECOND, number)
    harness.run()
    for model in (FIRST, SECOND):
        assert [why for name, why in seen if name == model] == [str(n) for n in range(5)]


def test_a_letter_whose_transaction_was_undone_is_written_again() -> None:
    harness = Harness(partitions=2)
    expelling = Expelling(harness, group="scorer", instance="0")

    def ignored(_event: ModelTrained, _meta: EventMeta) -> Reaction:
        return Reaction()

    spec = followed(refusing, routes=[Route(ModelTrained, ignored)])
    loop = harness.add(spec, at=expelling)
    for _ in range(3):
        loop.step()
    cause = EventMeta(id=EventId("1"), type="", source="", subject="", time=START)
    harness.publish(trained(cause, model="fraud", reason="gives the commit an offset"), time=START)
    say(harness, FIRST, 1)
    harness.run()
    assert expelling.has_struck
    assert len(harness.dead_letters("scorer")) == 1


@pytest.mark.guarantee(
    "input",
    fault="the last event of a table cannot be read or handled, and the service starts {starts} "
    "times",
    promise="it lies in the dead letter once, however often the table is read",
    seen="error 'given up (permanent): never' at each start; one letter in scorer.dead-letter",
)
@pytest.mark.parametrize("starts", [3])
@pytest.mark.parametrize("latest_only", [False, True])
def test_what_a_table_gave_up_is_not_given_up_again_at_the_next_start(
    latest_only: bool, starts: int, caplog: pytest.LogCaptureFixture
) -> None:
    harness = Harness(partitions=2)
    say(harness, FIRST, 1)
    say(harness, SECOND, 2)
    for _ in range(starts):
        caplog.clear()
        loop = harness.add(followed(refusing, latest_only=latest_only))
        harness.run()
        loop.close()
        assert "given up (permanent): never" in caplog.text
    (letter,) = harness.dead_letters("scorer")
    assert (letter.topic, letter.offset, letter.attempts) == ("lifecycle.commands", 0, 1)


def test_what_came_while_the_service_was_away_is_given_up_aloud() -> None:
    harness = Harness(partitions=2)
    for number in (1, 2):
        say(harness, FIRST, number)
        loop = harness.add(followed(refusing))
        harness.run()
        loop.close()
    assert [letter.offset for letter in harness.dead_letters("scorer")] == [0, 1]


def test_each_partition_gives_up_what_it_must_at_a_start() -> None:
    harness = Harness(partitions=2)

    def never(_event: LifecycleCommand, _meta: EventMeta) -> Reaction:
        raise Permanent("never")

    say(harness, FIRST, 1)
    say(harness, SECOND, 2)
    for _ in range(2):
        loop = harness.add(followed(never))
        harness.run()
        loop.close()
    assert sorted(letter.partition for letter in harness.dead_letters("scorer")) == [0, 1]
