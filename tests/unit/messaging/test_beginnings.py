"""A group without offsets that meets old records says so: it may have been robbed of them."""

from datetime import timedelta

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, command

WORDS = (
    "group trainer has no offsets for lifecycle.commands: it reads from the beginning; if it is "
    "not new, what it says comes again"
)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def history(*, age: timedelta) -> Harness:
    """Return a place where each of both partitions holds events of `age`."""
    harness = Harness(partitions=2)
    for name in "abcdefgh":
        harness.publish(command(1, model=name), time=START)
    assert len({record.partition for record in harness.records(LIFECYCLE_COMMANDS.name)}) == 2
    harness.clock.advance(age.total_seconds())
    return harness


def test_a_group_that_begins_at_old_records_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    harness = history(age=timedelta(hours=1))
    harness.add(Counting().spec(name="trainer"))
    harness.run()
    assert warnings(caplog) == [WORDS]


def test_the_group_of_a_new_installation_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    harness = history(age=timedelta(minutes=2))
    harness.add(Counting().spec(name="trainer"))
    harness.run()
    assert warnings(caplog) == []


def test_a_group_that_returns_to_its_offsets_says_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = history(age=timedelta(0))
    for _ in range(2):
        loop = harness.add(Counting().spec(name="trainer"))
        harness.run()
        loop.close()
        harness.clock.advance(86400.0)
        for name in "abcdefgh":
            harness.publish(command(2, model=name), time=START)
        harness.clock.advance(86400.0)
    assert warnings(caplog) == []
