"""What is refused before it is played could not have been learned from, wherever the cuts fall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.trainer.domain.enough import (
    LEAST_OF_A_CLASS,
    LEAST_ROWS,
    LEAST_TO_CALIBRATE,
    too_few,
)

PART = st.tuples(st.integers(0, 300), st.integers(0, 300))


@pytest.mark.parametrize(
    ("rows", "frauds", "why"),
    [
        (0, 0, "0 labelled rows, and a training needs 207"),
        (206, 20, "206 labelled rows, and a training needs 207"),
        (207, 13, None),
        (207, 194, None),
        (207, 12, "207 labelled rows, 12 of them frauds, and a training needs 13 of each class"),
        (900, 890, "900 labelled rows, 890 of them frauds, and a training needs 13 of each class"),
    ],
)
def test_what_is_too_little_is_said_in_numbers(rows: int, frauds: int, why: str | None) -> None:
    assert too_few(rows=rows, frauds=frauds) == why


@given(teach=PART, calibrate=PART, held=PART)
def test_what_a_training_would_take_is_never_refused(
    teach: tuple[int, int], calibrate: tuple[int, int], held: tuple[int, int]
) -> None:
    enough = (
        sum(teach) >= LEAST_ROWS
        and min(teach) >= LEAST_OF_A_CLASS
        and min(calibrate) >= LEAST_TO_CALIBRATE
        and sum(held) > 0
    )
    frauds = teach[0] + calibrate[0] + held[0]
    rows = frauds + teach[1] + calibrate[1] + held[1]
    assert not (enough and too_few(rows=rows, frauds=frauds))
