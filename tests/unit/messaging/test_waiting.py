"""A loop that waits for work beside it leaves the processor, and Python's lock, to that work."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Timer
from typing import Never, TypeVar

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import Held, Reaction, ServiceSpec, TableRoute
from evermodel.common.messaging.loop import Loop
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, command

T = TypeVar("T")
Handler = Callable[[LifecycleCommand, EventMeta], Reaction | Held]

#: Turns that a loop may make in `WAIT_SECONDS`. One that spins makes thousands.
MOST_TURNS, WAIT_SECONDS = 100, 0.25


class Undone:
    """Work that is never done."""

    def submit(self, _work: Callable[[], T], /) -> "Future[T]":
        return Future()


def held(_event: LifecycleCommand, _meta: EventMeta) -> Held:
    return Held(Reaction)


def away(_event: LifecycleCommand, _meta: EventMeta) -> Never:
    raise Transient("the store is away", delay_seconds=60)


@pytest.mark.parametrize("handler", [held, away])
def test_a_table_whose_head_waits_makes_no_loop_spin(handler: Handler) -> None:
    harness = Harness(partitions=1)
    harness.publish(command(1), time=START)
    spec = ServiceSpec(name="x", service="x", tables=[TableRoute(LifecycleCommand, handler)])
    assert turns(harness.add(spec, beside=Undone())) < MOST_TURNS


def turns(loop: Loop) -> int:
    """Return how many turns `loop` makes in `WAIT_SECONDS`."""
    over, made = Event(), 0

    def until() -> bool:
        nonlocal made
        made += 1
        return over.is_set()

    timer = Timer(WAIT_SECONDS, over.set)
    timer.start()
    loop.run(until=until)
    timer.join()
    return made
