"""A system upstream gives a window twice, as whoever delivers at least once does."""

import pytest

from evermodel.common.events.outcomes import OutcomesMatured, VersionOutcomes
from evermodel.common.kernel.ids import ModelName
from tests.unit.drift.detecting import Desk
from tests.unit.drift.windows import REFERENCE, window


def crowned() -> Desk:
    desk = Desk(REFERENCE)
    desk.start()
    desk.crown()
    desk.harness.run()
    return desk


def outcomes(day: int) -> OutcomesMatured:
    span = window(day).window
    counts = VersionOutcomes(
        version=1,
        true_positives=3,
        false_positives=4,
        false_negatives=5,
        true_negatives=88,
        fraud_scores=(8, *[0] * 19),
        genuine_scores=(92, *[0] * 19),
    )
    return OutcomesMatured(
        model=ModelName("fraud"),
        cohort=span,
        known_until=span.end,
        label_age_seconds=0,
        rows=100,
        labelled=100,
        frauds=8,
        versions=(counts,),
    )


@pytest.mark.guarantee(
    "input",
    fault="a system upstream gives windows twice",
    promise="each is judged once",
    seen="detector logs 'a window up to … came again, or late'",
)
def test_a_window_that_comes_again_is_judged_once(caplog: pytest.LogCaptureFixture) -> None:
    once, again = crowned(), crowned()
    given = [window(day, shift=2.0, alerts=60) for day in (0, 1)]

    for desk, windows in ((once, given), (again, [*given, given[1], given[0]])):
        for each in windows:
            desk.harness.publish(each, time=each.window.end)
            desk.harness.run()

    assert again.state() == once.state()
    assert len(again.verdicts()) == len(once.verdicts())
    assert caplog.text.count("came again, or late") == 2


def test_a_cohort_that_matures_again_counts_once() -> None:
    once, again = crowned(), crowned()

    for desk, days in ((once, [0, 1]), (again, [0, 1, 0, 1])):
        for day in days:
            desk.harness.publish(outcomes(day), time=window(day).window.end)
            desk.harness.run()

    assert again.state() == once.state()
