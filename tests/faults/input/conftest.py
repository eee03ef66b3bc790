"""What the tests of bad input share: the drift service over the in-memory broker."""

import pytest

from tests.faults.input.windowing import Windowing


@pytest.fixture
def windowing() -> Windowing:
    """A windower and a detector with one partition; the wall says Friday, 2018-06-08."""
    return Windowing()
