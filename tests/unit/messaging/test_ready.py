"""Ready is who has read its tables and was told by its group what is its own, be it nothing."""

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.messaging.api import NOTHING, ServiceSpec, TableRoute
from evermodel.common.messaging.loop import Loop
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import Counting


def member(harness: Harness, instance: str) -> Loop:
    return harness.add(Counting().spec(), instance=instance)


def readiness(*loops: Loop) -> list[bool]:
    return [loop.is_ready for loop in loops]


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_member_is_ready_when_its_group_has_spoken(partitions: int) -> None:
    harness = Harness(partitions=partitions)
    first, second = member(harness, "a"), member(harness, "b")
    assert readiness(first, second) == [False, False]
    first.step()
    assert readiness(first, second) == [True, False]
    second.step()  # it has joined; the first has not let go yet
    assert readiness(first, second) == [True, False]
    harness.run()
    assert readiness(first, second) == [True, True]


def test_a_member_whose_share_was_taken_is_not_ready_until_it_is_given_one_again() -> None:
    harness = Harness(partitions=2)
    first, second = member(harness, "a"), member(harness, "b")
    harness.run()
    harness.broker.expel(group="trainer", instance="a")
    first.step()  # lost, and joined anew; the second has not let go yet
    assert readiness(first, second) == [False, True]
    harness.run()
    assert readiness(first, second) == [True, True]


def test_a_member_that_let_go_waits_for_the_others() -> None:
    harness = Harness(partitions=2)
    first = member(harness, "a")
    harness.run()
    second, third = member(harness, "b"), member(harness, "c")
    second.step()
    third.step()
    first.step()
    assert readiness(first, second, third) == [False, False, False]
    harness.run()
    assert readiness(first, second, third) == [True, True, True]


def test_a_closed_member_is_not_ready() -> None:
    harness = Harness()
    first = member(harness, "a")
    harness.run()
    first.close()
    assert not first.is_ready


def test_a_service_of_tables_alone_waits_for_no_group() -> None:
    harness = Harness()
    table = TableRoute(LifecycleCommand, lambda _event, _meta: NOTHING)
    loop = harness.add(ServiceSpec(name="x", service="x", tables=[table]))
    assert not loop.is_ready
    loop.step()
    assert loop.is_ready
