"""What is under way when partitions move: gathered batches, held work, jobs."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

import pytest

from evermodel.common.events.catalogue import TRANSACTIONS, TRANSACTIONS_SCORED
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.api import (
    BatchRoute,
    Emit,
    Held,
    Reaction,
    Route,
    ServiceSpec,
    TableRoute,
)
from evermodel.common.messaging.faultpoints import FaultPoint, nowhere
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, Working, command, trained
from tests.unit.messaging.expelling import Expelling

T = TypeVar("T")


class ByHand:
    """Work that is done when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def submit(self, work: Callable[[], T], /) -> "Future[T]":
        future: Future[T] = Future()
        self.waiting.append(lambda: future.set_result(work()))
        return future

    def finish(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            work()


def loop_of(
    harness: Harness,
    spec: ServiceSpec,
    beside: ByHand,
    *,
    instance: str = "0",
    at: FaultPoint = nowhere,
) -> Loop:
    loop = Loop(
        spec,
        broker=harness.broker,
        clock=harness.clock,
        instance=instance,
        beside=beside,
        at=at,
        ticks=False,
    )
    harness.loops[f"{spec.name}-{instance}"] = loop
    return loop


def reasons(harness: Harness) -> list[str]:
    return sorted(event.payload.reason for event in harness.events(ModelTrained))


def test_a_gathered_transaction_is_committed_when_partitions_leave() -> None:
    harness = Harness(partitions=2)

    def spec() -> ServiceSpec:
        def pass_on(records: Sequence[Record], /) -> Reaction:
            return Reaction(
                records=[
                    Outgoing(topic=TRANSACTIONS_SCORED.name, key=r.key, value=r.value)
                    for r in records
                ]
            )

        return ServiceSpec(
            name="scorer", service="scorer", batches=[BatchRoute(TRANSACTIONS, pass_on)]
        )

    settings = LoopSettings(batch_rows=1, slice_seconds=60)
    first = harness.add(spec(), instance="a", settings=settings)
    for i in range(4):
        harness.publish_records(
            [Outgoing(topic=TRANSACTIONS.name, key=None, value=b"%d" % i, partition=i % 2)]
        )
    first.step()
    first.step()
    assert not harness.records(TRANSACTIONS_SCORED.name)
    harness.add(spec(), instance="b", settings=settings).step()
    first.step()
    assert len(harness.records(TRANSACTIONS_SCORED.name)) == 2
    harness.run()
    assert sorted(r.value or b"" for r in harness.records(TRANSACTIONS_SCORED.name)) == [
        b"0",
        b"1",
        b"2",
        b"3",
    ]


def test_held_work_pauses_its_partition_only() -> None:
    harness, beside = Harness(partitions=2), ByHand()
    loop_of(harness, Counting(held=True).spec(), beside)
    by_partition = {partition_of(m.encode(), partitions=2): m for m in ("a", "b", "c", "d", "e")}
    for number, model in enumerate([*by_partition.values()] * 3):
        harness.publish(command(number, model=model), time=START)
    harness.run()
    assert len(beside.waiting) == 2  # one per partition
    assert reasons(harness) == []
    for _ in range(6):
        beside.finish()
        harness.run()
    assert len(reasons(harness)) == 6


def test_held_work_of_a_lost_partition_changes_nothing() -> None:
    harness, beside = Harness(partitions=1), ByHand()
    zombie = loop_of(harness, Counting(held=True).spec(), beside, instance="a")
    harness.publish(command(1), time=START)
    harness.run()
    harness.remove(zombie)
    harness.broker.expel(group="trainer", instance="a")
    harness.add(Counting(held=True).spec(), instance="b")
    harness.run()
    beside.finish()
    zombie.step()
    assert reasons(harness) == ["1 is 1"]


def test_held_work_begins_again_only_when_what_was_begun_before_has_ended() -> None:
    """Else both would look a version up, find none, and make it."""
    harness, beside, worked = Harness(partitions=1), ByHand(), list[str]()

    def on_command(event: LifecycleCommand, meta: EventMeta) -> Held:
        def work() -> Reaction:
            worked.append(event.why)
            return Reaction([Emit(trained(meta, model=event.model, reason=event.why), meta.time)])

        return Held(work)

    routes = [Route(LifecycleCommand, on_command)]
    loop_of(harness, ServiceSpec(name="trainer", service="trainer", routes=routes), beside)
    harness.publish(command(1), time=START)
    harness.run()
    harness.broker.expel(group="trainer", instance="0")
    harness.run()
    assert (len(beside.waiting), worked) == (1, [])
    beside.finish()
    harness.run()
    assert reasons(harness) == [], "its partition was another's meanwhile, for all it knows"
    beside.finish()
    harness.run()
    assert (reasons(harness), worked) == (["1"], ["1", "1"])


def test_a_job_outlives_a_rebalance_that_gives_its_partition_back() -> None:
    harness, beside, ran = Harness(partitions=2), ByHand(), list[str]()
    loop_of(harness, Working(ran.append).spec(), beside, instance="a")
    harness.publish(command(1), time=START)
    harness.run()
    second = loop_of(harness, Working(ran.append).spec(), ByHand(), instance="b")
    harness.run()
    harness.broker.expel(group="trainer", instance="b")
    harness.remove(second)
    harness.run()
    beside.finish()
    harness.run()
    assert ran == ["1"]
    assert reasons(harness) == ["1: None"]


@pytest.mark.guarantee(
    "outside",
    fault="a partition goes to another replica and comes back while a training of it runs",
    promise="the training is not begun beside itself",
    seen="nothing",
)
def test_a_job_that_comes_back_while_it_still_runs_is_not_begun_beside_itself() -> None:
    """Both would work in one folder, and the first to end take it away from the other."""
    harness, beside, ran = Harness(partitions=1), ByHand(), list[str]()
    loop_of(harness, Working(ran.append).spec(), beside, instance="b")
    harness.publish(command(1), time=START)
    harness.run()
    elsewhere = ByHand()
    other = loop_of(harness, Working(ran.append).spec(), elsewhere, instance="a")
    other.step()
    harness.run()
    assert elsewhere.waiting, "its partition is another's"
    harness.broker.expel(group="trainer", instance="a")
    harness.remove(other)
    harness.run()
    assert len(beside.waiting) == 1
    beside.finish()
    harness.run()
    assert (ran, reasons(harness)) == (["1"], ["1: None"])


def test_a_job_whose_partition_another_took_is_not_answered_twice() -> None:
    harness, late, ran = Harness(partitions=1), ByHand(), list[str]()
    zombie = loop_of(harness, Working(ran.append).spec(), late, instance="b")
    harness.publish(command(1), time=START)
    harness.run()
    harness.remove(zombie)
    harness.broker.expel(group="trainer", instance="b")
    harness.add(Working(ran.append).spec(), instance="a")
    harness.run()
    assert reasons(harness) == ["1: None"]
    late.finish()
    harness.loops["trainer-b"] = zombie
    harness.run()
    harness.remove(harness.loops["trainer-a"])
    harness.broker.expel(group="trainer", instance="a")
    harness.run()
    assert reasons(harness) == ["1: None"]


def test_a_zombie_that_has_not_heard_cannot_publish_its_job() -> None:
    harness, late = Harness(partitions=1), ByHand()
    expelling = Expelling(harness, group="trainer", instance="b", nth=2)
    spec = Working(lambda _key: "late").spec()
    zombie = loop_of(harness, spec, late, instance="b", at=expelling)
    harness.publish(command(1), time=START)
    harness.run()
    late.finish()
    zombie.step()
    assert expelling.has_struck
    assert reasons(harness) == []
    harness.remove(zombie)
    harness.add(Working(lambda _key: "again").spec(), instance="a")
    harness.run()
    assert reasons(harness) == ["1: again"]


def test_a_tick_speaks_with_an_identity_and_only_when_its_second_has_passed() -> None:
    harness, ticks = Harness(), list[float]()

    def on_tick() -> Reaction:
        ticks.append(harness.clock.monotonic())
        return Reaction([Emit(command(len(ticks)), START, identity=f"tick/{len(ticks)}")])

    def on_trained(event: ModelTrained, meta: EventMeta) -> Reaction:
        raise NotImplementedError

    loop = harness.add(
        ServiceSpec(
            name="x",
            service="trainer",
            routes=[Route(ModelTrained, on_trained)],
            on_tick=on_tick,
        ),
        ticks=True,
    )
    for _ in range(5):
        loop.step()
        harness.clock.advance(0.5)
    assert ticks == [1.0, 2.0]
    assert [e.payload.why for e in harness.events(LifecycleCommand)] == ["1", "2"]


def test_what_a_table_led_to_is_said_once_though_its_transaction_was_undone() -> None:
    harness = Harness(partitions=1)
    expelling = Expelling(harness, group="scorer", instance="0")

    def on_row(event: ModelTrained, meta: EventMeta) -> Reaction:
        return Reaction([Emit(command(7, model=event.model), START, identity=meta.id)])

    def pass_on(records: Sequence[Record], /) -> Reaction:
        return Reaction(
            records=[
                Outgoing(topic=TRANSACTIONS_SCORED.name, key=None, value=r.value) for r in records
            ]
        )

    spec = ServiceSpec(
        name="scorer",
        service="scorer",
        batches=[BatchRoute(TRANSACTIONS, pass_on)],
        tables=[TableRoute(ModelTrained, on_row)],
    )
    loop = harness.add(spec)
    harness.run()
    loop = harness.add(spec, at=expelling)
    for _ in range(3):
        loop.step()
    cause = EventMeta(id=EventId("1"), type="", source="", subject="", time=START)
    harness.publish(trained(cause, model="fraud", reason="a row"), time=START)
    harness.publish_records([Outgoing(topic=TRANSACTIONS.name, key=None, value=b"1")])
    harness.run()
    assert expelling.has_struck
    assert [event.payload.why for event in harness.events(LifecycleCommand)] == ["7"]
    assert [r.value for r in harness.records(TRANSACTIONS_SCORED.name)] == [b"1"]
