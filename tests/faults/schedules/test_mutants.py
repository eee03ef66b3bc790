"""Each planted bug is found by the schedules, and by the law that it breaks: none is too weak."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from evermodel.deployer.handlers.errands import Errands
from tests.faults.schedules.mischief import Fault
from tests.faults.schedules.mutants import MUTANTS
from tests.faults.schedules.schedule import LONGEST, Schedule, broken, schedules, undisturbed
from tests.faults.schedules.story import STORIES, Story
from tests.faults.schedules.telling import tell

#: A bug that is not found in so many schedules is called unfound.
MOST_SCHEDULES = 100
#: No event of the model follows, which would bring Git what it is owed.
ENDS_TAKEN_BACK = Story(name="ends taken back", days=7, drift=3, orders=((6, "abort"),))


class Found(Exception):
    """A schedule broke a law."""


@pytest.mark.whole
@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.guarantee(
    "mutants",
    fault="{mutant}",
    promise="the schedules turn red, and the law that it breaks says so",
    seen="the broken law, by name, in the test's report",
)
def test_the_schedules_find(
    mutant: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    planted, tried, spoken = MUTANTS[mutant], 0, set[str]()
    for story in STORIES:
        undisturbed(story)  # as it was before anything was planted
    planted.plant(monkeypatch)

    @settings(
        max_examples=MOST_SCHEDULES,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(schedules(of=planted.strikes))
    def strike(schedule: Schedule) -> None:
        nonlocal tried
        story, faults, order = schedule
        tried += 1
        spoken.update(broken(story, tell(story, faults, seed=order)))
        if planted.breaks in spoken:
            raise Found

    with pytest.raises(Found):
        strike()
    record_property("schedules", tried)
    record_property("caught by", ", ".join(sorted(spoken)))


@pytest.mark.guarantee(
    "mutants",
    fault="a change that Git did not take at once is never brought to it",
    promise="the schedule turns red in which Git is away for the last rollback, and the law about "
    "what Git is owed says so",
    seen="the broken law, by name, in the test's report",
)
def test_a_change_that_never_reaches_git_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    point = "deployer.repository.write:before"
    last = undisturbed(ENDS_TAKEN_BACK).mischief.reached[point]
    away = [Fault(point, last, "cut", length=LONGEST)]
    assert broken(ENDS_TAKEN_BACK, tell(ENDS_TAKEN_BACK, away)) == {}
    monkeypatch.setattr(Errands, "tick", lambda *_: None)
    assert "git_is_owed_nothing" in broken(ENDS_TAKEN_BACK, tell(ENDS_TAKEN_BACK, away))
