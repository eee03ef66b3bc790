"""Service by crash point by fault: whatever happens to whom and when, afterwards nothing shows.

A story holds one kind of fault at every point. Its cells are judged together, by what all of them
left behind: one broken law turns all red. Of being cut off there is ``test_cut_off``.
"""

import pytest

from tests.faults.crash.conftest import Judge, Record, at_every_point, holds, sampled
from tests.faults.crash.points import ACTIONS, CUT, Action, Spot, spots


@pytest.mark.whole
@pytest.mark.timeout(1800)
@at_every_point
@pytest.mark.parametrize("spot", list(spots()), ids=str)
@pytest.mark.parametrize("action", [action for action in ACTIONS if action != CUT])
def test_nothing_shows(action: Action, spot: Spot, judged: Judge, record_property: Record) -> None:
    holds(judged, action, spot, record_property)


@pytest.mark.timeout(900)
def test_a_fault_at_a_third_of_the_crash_points_shows_nowhere(judged: Judge) -> None:
    """The part of the matrix that every test run has time for: one model, all four faults."""
    verdict = judged(None)
    assert verdict.fired == sampled().keys()
    assert not verdict.broken
    assert not verdict.otherwise, "other decisions than of the undisturbed run"
