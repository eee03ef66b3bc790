"""Events of a model that nobody described here: refused at once, and no memory is read again.

Who shares a cluster sees them all the time. The state was read again after each, as after a
restart: some three of them a second, and every event of one's own waited behind them.
"""

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.errors import Foreign, Permanent
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.sample import START, Counting, command


def run(error: Exception) -> tuple[Counting, Harness]:
    """Handle five events of a model that is refused, each followed by one of our own."""

    def refuse(event: object, _meta: EventMeta) -> None:
        if getattr(event, "model", None) == "elsewhere":
            raise error

    counting, harness = Counting(before=refuse), Harness(partitions=1)
    harness.add(counting.spec())
    for number in range(5):
        harness.publish(command(number, model="elsewhere"), time=START)
        harness.publish(command(number), time=START)
    harness.run()
    return counting, harness


def test_a_foreign_event_is_given_up_and_the_memory_kept() -> None:
    counting, harness = run(Foreign("no model 'elsewhere' is described here"))
    assert len(counting.restored) == 1
    letters = harness.dead_letters("trainer")
    assert [(letter.reason, letter.error) for letter in letters] == [("permanent", "Foreign")] * 5
    assert harness.state(TRAINER_STATE.name) == {"fraud": b"5"}


def test_what_is_refused_after_a_look_at_the_memory_leaves_that_in_doubt() -> None:
    counting, harness = run(Permanent("never"))
    assert len(counting.restored) == 6
    assert len(harness.dead_letters("trainer")) == 5
