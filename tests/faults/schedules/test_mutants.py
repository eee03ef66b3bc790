"""Each planted bug is found by the schedules, and by the law that it breaks: none is too weak."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.faults.schedules.mutants import MUTANTS
from tests.faults.schedules.schedule import Schedule, broken, schedules, undisturbed
from tests.faults.schedules.story import STORIES
from tests.faults.schedules.telling import tell

#: A bug that is not found in so many schedules is called unfound.
MOST_SCHEDULES = 100


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
