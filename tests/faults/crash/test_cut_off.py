"""The matrix's column of a network that is cut for everybody: mostly waiting, beside the others."""

import pytest

from tests.faults.crash.conftest import Judge, Record, at_every_point, holds
from tests.faults.crash.points import CUT, Action, Spot, spots


@pytest.mark.whole
@pytest.mark.timeout(2400)
@at_every_point
@pytest.mark.parametrize("spot", list(spots()), ids=str)
@pytest.mark.parametrize("action", [CUT])
def test_nothing_shows(action: Action, spot: Spot, judged: Judge, record_property: Record) -> None:
    holds(judged, action, spot, record_property)
