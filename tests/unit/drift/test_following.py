"""The detector follows rollouts by what is in play, not by the words about it; and takeovers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from evermodel.common.events.outcomes import OutcomesMatured, VersionOutcomes
from evermodel.common.events.payload import Span
from evermodel.common.events.rollout import Action, RolloutStep
from evermodel.common.kernel.errors import Transient
from evermodel.common.testing.rollouts import Play, rollout_step
from evermodel.drift.ports import References
from evermodel.profile.reference import Reference
from tests.unit.drift.bench import DAY, MONDAY, FakeReferences
from tests.unit.drift.detecting import NAME, Desk
from tests.unit.drift.windows import REFERENCE

IDLE = 30.0
CHAMPION: tuple[Play, ...] = ((1, "champion", 100),)
ROLLOUT: tuple[Play, ...] = ((1, "champion", 90), (2, "challenger", 10))
SHADOW: tuple[Play, ...] = ((1, "champion", 100), (2, "challenger", 0))
PROMOTED: tuple[Play, ...] = ((2, "champion", 100), (1, "former_champion", 0))


def step(action: Action, *, about: int, in_play: Sequence[Play]) -> RolloutStep:
    return rollout_step(action, about=about, in_play=in_play, reference_id=REFERENCE.reference_id)


@pytest.mark.parametrize(
    ("action", "about", "in_play", "under_way"),
    [
        ("held", 1, CHAMPION, False),
        ("resumed", 1, CHAMPION, False),
        ("queued", 3, ROLLOUT, True),
        ("declined", 3, ROLLOUT, True),
        ("started", 2, SHADOW, True),
        ("held", 2, ROLLOUT, True),
        ("promoted", 2, PROMOTED, False),
        ("aborted", 2, CHAMPION, False),
    ],
)
def test_a_rollout_is_under_way_while_a_challenger_is_in_play(
    action: Action,
    about: int,
    in_play: Sequence[Play],
    under_way: bool,
) -> None:
    desk = Desk(REFERENCE)
    desk.start()
    desk.harness.publish(step(action, about=about, in_play=in_play), time=MONDAY)
    desk.harness.run()
    assert json.loads(desk.state())["history"]["rolling_out"] is under_way


def cohort(number: int, *versions: int) -> OutcomesMatured:
    """Return a day's outcomes, in which each of `versions` finds 9 of 10 frauds."""
    start = MONDAY + number * DAY
    return OutcomesMatured(
        model=NAME,
        cohort=Span(start=start, end=start + DAY),
        known_until=start + 4 * DAY,
        label_age_seconds=3 * DAY.total_seconds(),
        rows=100,
        labelled=100,
        frauds=10,
        versions=tuple(
            VersionOutcomes(
                version=version,
                true_positives=9,
                false_positives=1,
                false_negatives=1,
                true_negatives=89,
                fraud_scores=(0,) * 20,
                genuine_scores=(0,) * 20,
            )
            for version in versions
        ),
    )


def promises(desk: Desk) -> dict[str, list[int]]:
    standings = json.loads(desk.state())["standings"]
    return {version: standing["recall"]["promise"] for version, standing in standings.items()}


def test_a_version_that_a_cohort_lacks_keeps_its_promise_while_it_is_in_play() -> None:
    desk = Desk(REFERENCE)
    desk.start()
    desk.harness.publish(step("started", about=2, in_play=SHADOW), time=MONDAY)
    for number, versions in enumerate([(1, 2), (2,), (1, 2)]):
        desk.harness.publish(cohort(number, *versions), time=MONDAY + (number + 4) * DAY)
        desk.harness.run()
    assert promises(desk) == {"1": [18, 20], "2": [27, 30]}
    desk.harness.publish(step("aborted", about=2, in_play=CHAMPION), time=MONDAY + 8 * DAY)
    desk.harness.run()
    assert promises(desk) == {"1": [18, 20]}


def test_who_takes_over_waits_for_every_partition_as_long_as_was_said() -> None:
    desk = Desk(REFERENCE, idle_seconds=IDLE)
    first = desk.start()
    desk.harness.add(desk.spec(), instance="1", ticks=True)
    desk.wait(3600)
    desk.say(0, stream="labels", partitions=1, watermark=10)
    desk.say(0, partition=0, rows=3)
    desk.harness.remove(first)
    desk.harness.broker.expel(group="drift-detector", instance="0")
    desk.harness.run()
    desk.wait(IDLE - 1)
    assert desk.days() == [], "partition 1 may be as busy as ever: its new owner has not heard it"
    desk.wait(2)
    assert desk.days() == [(0, 3)]


@dataclass
class LateReferences(FakeReferences):
    """References that are there only after some tries."""

    tries: int = 0

    def get(self, model: str, reference_id: str) -> Reference:
        self.tries -= 1
        if self.tries >= 0:
            raise Transient("it is not there")
        return super().get(model, reference_id)


@dataclass
class LateDesk(Desk):
    """A desk whose detector has to wait for its reference."""

    tries: int = 0

    def references(self) -> References:
        return LateReferences({self.reference.reference_id: self.reference}, self.tries)


def closed(desk: Desk) -> list[tuple[float, int]]:
    desk.start()
    desk.crown()
    desk.say(0, stream="labels", partitions=1, watermark=10)
    for day, partition in [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (2, 1)]:
        desk.say(day, partition=partition, rows=1 + day + 10 * partition)
    assert desk.harness.dead_letters("drift") == []
    return desk.days()


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_partials_that_waited_for_the_reference_are_added_once(tries: int) -> None:
    assert closed(LateDesk(REFERENCE, tries=tries)) == closed(Desk(REFERENCE))
