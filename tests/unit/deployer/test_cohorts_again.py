"""Labels of payments that were counted mature again: ``stream.label_delay`` was made longer."""

from datetime import timedelta

import pytest

from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Span
from tests.unit.deployer.scenario import DAY, FRAUD, START, Story, pairs


def matured(story: Story, *, cohort: int, age: int) -> OutcomesMatured:
    """Return that labels `age` days old of the payments of day `cohort` are known by now."""
    end = START + cohort * DAY
    return OutcomesMatured(
        model=FRAUD,
        cohort=Span(start=end - DAY, end=end),
        known_until=story.now,
        label_age_seconds=timedelta(days=age).total_seconds(),
        rows=100,
        labelled=100,
        frauds=2,
        paired=(pairs(1, 2, lost=1),),
    )


@pytest.mark.guarantee(
    "input",
    fault="stream.label_delay becomes longer, or shorter, in the middle of a rollout",
    promise="each payment's label counts once for and against a version",
    seen="nothing: a cohort that matures again adds nothing",
)
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_cohort_that_matures_again_counts_once(is_restarted: bool) -> None:
    story = Story(min_rows=10**9, patience="90d").accepted(1).accepted(2)
    for cohort, age in [(-6, 7), (-5, 7), (-11, 14), (-10, 14), (-4, 7), (-3, 7)]:
        story.day(matures=False)
        story.happens(matured(story, cohort=cohort, age=age))
        if is_restarted:
            story.restarted()

    rollout = story.handlers.state_of("fraud").rollout
    assert rollout is not None
    assert rollout.evidence.outcomes.frauds_champion_only == 4
    assert story.handlers.state_of("fraud").outcomes_until == story.now
