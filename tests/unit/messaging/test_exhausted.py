"""A machine without space, handles or memory is no bug of ours: what it stopped waits its turn."""

import errno
from collections.abc import Callable, Sequence

import pytest

from evermodel.common.events.catalogue import TRANSACTIONS
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import NOTHING, BatchRoute, Held, Reaction, Route, ServiceSpec
from evermodel.common.messaging.outcome import EXHAUSTED_DELAY_SECONDS, Bug, Retry, attempt
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, command

TIMES = 7


def full(*, times: int = TIMES, code: int = errno.ENOSPC) -> Callable[[], None]:
    left = times

    def look() -> None:
        nonlocal left
        if left:
            left -= 1
            raise OSError(code, "the machine has none left")

    return look


@pytest.mark.parametrize(
    "code",
    [errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN],
)
def test_an_exhausted_machine_is_asked_again_later(code: int) -> None:
    outcome = attempt(full(code=code))
    assert isinstance(outcome, Retry)
    assert isinstance(outcome.error, Transient)
    assert outcome.error.delay_seconds == EXHAUSTED_DELAY_SECONDS
    assert "none left" in str(outcome.error)
    assert isinstance(outcome.error.__cause__, OSError)


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOENT])
def test_another_error_of_the_system_is_a_bug(code: int) -> None:
    assert isinstance(attempt(full(code=code)), Bug)


@pytest.mark.parametrize("held", [False, True])
def test_an_event_waits_until_the_machine_has_room_again(held: bool) -> None:
    harness, look = Harness(), full()
    harness.add(Counting(before=lambda _event, _meta: look(), held=held).spec())
    harness.publish(command(1), time=START)
    harness.publish(command(2), time=START)
    harness.run()
    said = [event.payload.reason for event in harness.events(ModelTrained)]
    assert said == ["1 is 1", "2 is 2"]
    assert not harness.dead_letters("trainer")
    assert harness.clock.monotonic() >= TIMES * EXHAUSTED_DELAY_SECONDS


def test_a_batch_waits_until_the_machine_has_room_again() -> None:
    harness, look, taken = Harness(partitions=1), full(), list[int]()

    def take(records: Sequence[Record], /) -> Reaction:
        look()
        taken.append(len(records))
        return NOTHING

    route = BatchRoute(TRANSACTIONS, take)
    harness.add(ServiceSpec(name="scorer", service="scorer", batches=[route]))
    harness.publish_records(
        [Outgoing(topic=TRANSACTIONS.name, key=None, value=b"%d" % n) for n in range(3)]
    )
    harness.run()
    assert taken == [3]
    assert not harness.dead_letters("scorer")


def test_one_event_that_waits_holds_up_no_other_partition() -> None:
    harness, seen = Harness(partitions=2), list[str]()

    def handle(event: LifecycleCommand, _meta: EventMeta) -> Reaction | Held:
        seen.append(event.model)
        if event.model == seen[0]:
            raise OSError(errno.EMFILE, "the machine has none left")
        return NOTHING

    routes = [Route(LifecycleCommand, handle)]
    loop = harness.add(ServiceSpec(name="trainer", service="trainer", routes=routes))
    for model in ("a", "b", "c", "d"):
        harness.publish(command(1, model=model), time=START)
    for _ in range(5):
        loop.step()
    assert len(set(seen)) > 1
