"""``end_to_end_seconds``: from the writing of a cause to the commit of what follows."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

import pytest

from evermodel.common.events.catalogue import TRANSACTIONS, TRANSACTIONS_SCORED
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import (
    NOTHING,
    BatchRoute,
    Emit,
    Reaction,
    Route,
    ServiceSpec,
    TableRoute,
)
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.testing.harness import Crashed, Harness, crash_at
from evermodel.common.testing.sample import START, Counting, Working, command

T = TypeVar("T")


def seen(spec: ServiceSpec) -> tuple[float, float]:
    """Return how many reactions were timed, and their seconds together."""
    value = spec.metrics.registry.get_sample_value
    labels = {"stage": spec.name}
    return (
        value("evermodel_end_to_end_seconds_count", labels) or 0.0,
        value("evermodel_end_to_end_seconds_sum", labels) or 0.0,
    )


def test_waiting_and_retries_count() -> None:
    harness, busy = Harness(), [Transient("busy", delay_seconds=30)]

    def before(_event: LifecycleCommand, _meta: EventMeta) -> None:
        if busy:
            raise busy.pop()

    spec = Counting(before=before).spec()
    harness.add(spec)
    harness.publish(command(1), time=START)
    harness.clock.advance(2.0)
    harness.run()
    assert seen(spec) == pytest.approx((1, 32.0), abs=0.01)


def test_a_handler_that_says_nothing_is_not_timed() -> None:
    harness = Harness()
    spec = ServiceSpec(
        name="x", service="trainer", routes=[Route(LifecycleCommand, lambda _event, _meta: NOTHING)]
    )
    harness.add(spec)
    harness.publish(command(1), time=START)
    harness.run()
    assert seen(spec) == (0, 0)


class Later:
    """Work that is done when the test says so."""

    def __init__(self) -> None:
        self.finish: Callable[[], None] = lambda: None

    def submit(self, work: Callable[[], T], /) -> "Future[T]":
        future: Future[T] = Future()
        self.finish = lambda: future.set_result(work())
        return future


def test_a_job_counts_once_from_the_event_that_asked_for_it() -> None:
    harness, later, spec = Harness(), Later(), Working(lambda _key: "done").spec()
    loop = Loop(spec, broker=harness.broker, clock=harness.clock, beside=later, ticks=False)
    harness.loops["trainer-0"] = loop
    harness.publish(command(1), time=START)
    harness.clock.advance(1.0)
    harness.run()
    assert seen(spec) == (0, 0)  # accepted: nothing has been said
    harness.clock.advance(99.0)
    later.finish()
    harness.run()
    assert seen(spec) == pytest.approx((1, 100.0), abs=0.01)


def test_a_batch_counts_once_from_its_oldest_record() -> None:
    harness = Harness()

    def pass_on(records: Sequence[Record], /) -> Reaction:
        return Reaction(
            records=[Outgoing(topic=TRANSACTIONS_SCORED.name, key=None, value=b"") for _ in records]
        )

    spec = ServiceSpec(name="scorer", service="scorer", batches=[BatchRoute(TRANSACTIONS, pass_on)])
    harness.add(spec)
    for partition in (0, 0, 1):
        row = Outgoing(topic=TRANSACTIONS.name, key=None, value=b"", partition=partition)
        harness.publish_records([row])
        harness.clock.advance(1.0)
    harness.run()
    assert seen(spec) == pytest.approx((1, 3.0), abs=0.01)


def test_what_was_undone_counts_only_when_it_is_done() -> None:
    harness, undone, done = Harness(), Counting().spec(), Counting().spec()
    crashing = harness.add(undone, at=crash_at("committing"))
    harness.publish(command(1), time=START)
    with pytest.raises(Crashed):
        harness.run()
    harness.remove(crashing)
    harness.clock.advance(5.0)
    harness.add(done)
    harness.run()
    assert seen(undone) == (0, 0)
    assert seen(done) == pytest.approx((1, 5.0), abs=0.01)


def test_what_a_table_says_again_at_start_is_not_timed() -> None:
    harness = Harness()
    trainer = harness.add(Counting().spec())
    harness.publish(command(1), time=START)
    harness.run()
    harness.remove(trainer)
    harness.clock.advance(1000.0)

    def on_row(_event: ModelTrained, _meta: EventMeta) -> Reaction:
        return Reaction([Emit(command(2), START)])

    spec = ServiceSpec(name="x", service="trainer", tables=[TableRoute(ModelTrained, on_row)])
    harness.add(spec)
    harness.run()
    assert len(harness.events(LifecycleCommand)) == 2
    assert seen(spec) == (0, 0)
