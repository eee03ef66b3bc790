"""One model whose work fails again and again holds up no other model's, however long that takes."""

import time
from threading import Event

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.beside import Threads
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, command

#: A model whose lake does not answer is tried again after this, and the other's work takes longer.
AGAIN_SECONDS, WORK_SECONDS = 0.1, 0.3


def in_partition(number: int) -> str:
    return next(m for m in "abcdefgh" if partition_of(m.encode(), partitions=2) == number)


def said(harness: Harness) -> list[str]:
    return [event.payload.reason for event in harness.events(ModelTrained)]


@pytest.mark.guarantee(
    "outside",
    fault="the lake fails one model each second, while another's work takes longer than that",
    promise="the other's work ends and is published",
    seen="log 'tried again in … s: …', of the one that fails",
)
def test_work_that_takes_longer_than_another_model_s_pause_is_answered() -> None:
    harness, tries = Harness(partitions=2), 0
    sick, sound = (in_partition(number) for number in (0, 1))

    def before(event: LifecycleCommand, _meta: EventMeta) -> None:
        nonlocal tries
        if event.model == sick:
            tries += 1
            raise Transient("the lake does not answer", delay_seconds=AGAIN_SECONDS)
        Event().wait(WORK_SECONDS)

    loop = Loop(
        Counting(before=before, held=True).spec(),
        broker=harness.broker,
        clock=SystemClock(),
        beside=Threads(),
        ticks=False,
    )
    harness.publish(command(1, model=sick), time=START)
    for number in (1, 2, 3):
        harness.publish(command(number, model=sound), time=START)
    deadline = time.monotonic() + 10
    loop.run(until=lambda: len(said(harness)) == 3 or time.monotonic() > deadline)
    loop.close()
    assert said(harness) == ["1 is 1", "2 is 2", "3 is 3"]
    assert tries >= 3, "and the other is tried again"
