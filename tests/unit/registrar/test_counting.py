"""How a hold-out is counted and cut."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.registrar.child.evaluation import confusion_of, highest, paired_of
from evermodel.registrar.child.slicing import parts_of

rows = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=200)


@given(rows)
def test_counts_add_up(drawn: list[tuple[bool, bool, bool]]) -> None:
    table = np.array(drawn, dtype=bool).reshape(-1, 3)
    frauds, champion, challenger = table.T
    paired = paired_of(champion, challenger=challenger, frauds=frauds)
    own, other = (confusion_of(a, frauds=frauds) for a in (challenger, champion))
    assert own.rows == len(table)
    assert paired.frauds == own.frauds == int(frauds.sum())
    assert paired.gained - paired.lost == own.true_positives - other.true_positives


def test_the_highest_scores_are_as_many_as_asked_even_among_equals() -> None:
    scores = np.array([0.5, 0.9, 0.5, 0.5], dtype=np.float32)
    assert highest(scores, count=2).tolist() == [True, True, False, False]
    assert not highest(scores, count=0).any()


def named(column: list[object] | npt.NDArray[np.generic]) -> list[str]:
    """Return the names of the parts of `column`, in which every row is a fraud."""
    values = np.array(column, dtype=object) if isinstance(column, list) else column
    parts = list(parts_of(values, frauds=np.ones(len(values), dtype=bool)))
    assert (np.sum([rows for _, rows in parts], axis=0) == 1).all()
    return [name for name, _ in parts]


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (["", "null", "'null'"], ["null", "\"'null'\"", "'null'"]),
        (["other", *(f"shop {i}" for i in range(10)), "x", "y"], None),
        (np.array([1_234_567, 1_234_568]), ["1234567", "1234568"]),
        (np.array([0.1, 2, np.nan], dtype=np.float32), ["null", "0.1", "2"]),
        (np.array([False, True]), ["0", "1"]),
    ],
)
def test_no_two_parts_have_one_name(
    column: list[object] | npt.NDArray[np.generic], names: list[str] | None
) -> None:
    found = named(column)

    assert len(set(found)) == len(found)
    assert names is None or found == names


@given(st.lists(st.sampled_from([0.0, 1.0, np.nan, 2.5, *range(20)]), min_size=1, max_size=100))
def test_the_parts_of_a_number_hold_every_row_once(values: list[float]) -> None:
    column = np.array(values, dtype=np.float32)
    parts = dict(parts_of(column, frauds=np.ones(len(column), dtype=bool)))
    assert (np.sum(list(parts.values()), axis=0) == 1).all()


def test_rare_levels_are_one_part_together() -> None:
    column = np.array([f"shop {i % 40}" for i in range(400)] + [""], dtype=object)
    frauds = np.array([i % 40 < 15 for i in range(400)] + [True])
    parts = dict(parts_of(column, frauds=frauds))
    assert "other" in parts
    assert len(parts) == 13
    assert (np.sum(list(parts.values()), axis=0) == 1).all()
