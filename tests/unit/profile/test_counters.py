"""A window is a value that adds."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.kernel.levels import level_text
from evermodel.profile.columns import BadColumn, Columns
from evermodel.profile.counters import Counters, DifferentReference, count, merge
from evermodel.profile.layout import Edges, Layout, Levels
from evermodel.profile.partition import quantile_edges

LAYOUT = Layout(
    [
        Edges(feature="amount", edges=np.array([-0.5, 0.0, 1.0, 10.0], dtype=np.float32)),
        Levels(feature="shop", kind="categorical", levels=("a", "b"), rare=frozenset({"c", "3"})),
        Levels(feature="night", kind="flag", levels=("0", "1")),
    ]
)

amounts = st.one_of(
    st.none(),
    st.sampled_from([-0.5, 0.0, 1.0, 10.0]),
    st.floats(allow_nan=False, allow_infinity=True),
)
shops = st.sampled_from(["a", "b", "c", "zzz", 3, 3.0, None, ""])
nights = st.sampled_from([0, 1, True, False, 1.0, None, 2])
rows = st.lists(st.tuples(amounts, shops, nights), max_size=60)

Row = tuple[float | None, object, object]


def counted(rows: list[Row], reference_id: str = "r") -> Counters:
    columns: Columns = {
        "amount": [row[0] for row in rows],
        "shop": [row[1] for row in rows],
        "night": [row[2] for row in rows],
    }
    return count(columns, reference_id=reference_id, layout=LAYOUT)


@given(st.lists(rows, min_size=1, max_size=6), st.randoms())
def test_merging_parts_in_any_order_equals_one_pass(parts: list[list[Row]], random: object) -> None:
    whole = counted([row for part in parts for row in part])
    pieces = [counted(part) for part in parts]
    assert merge(*pieces) == whole
    assert merge(*reversed(pieces)) == whole


@given(rows)
def test_every_row_is_in_one_cell_of_every_feature(rows: list[Row]) -> None:
    counters = counted(rows)
    for part in LAYOUT.parts:
        assert LAYOUT.distribution(counters.counts, part.feature).sum() == len(rows)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=80))
def test_bins_are_half_open_below_and_closed_above(values: list[float]) -> None:
    edges = np.array([-1.0, 0.0, 2.5], dtype=np.float32)
    layout = Layout([Edges(feature="x", edges=edges)])
    cells = count({"x": values}, reference_id="r", layout=layout).counts.tolist()
    array = np.array(values, dtype=np.float32)
    bins = np.searchsorted(edges, array, side="left")
    assert cells == [*np.bincount(bins, minlength=4).tolist(), 0]


def test_counts_of_different_references_never_add() -> None:
    with pytest.raises(DifferentReference):
        counted([], "one") + counted([], "two")


def test_empty_is_the_zero_of_addition() -> None:
    some = counted([(1.0, "a", 1), (None, None, None)])
    assert Counters.empty("r", LAYOUT) + some == some
    assert some != counted([(1.0, "a", 1)])


def test_unseen_levels_are_told_from_rare_ones() -> None:
    counters = counted([(1.0, "c", 0), (1.0, 3, 0), (1.0, "new", 0), (1.0, None, 0)])
    assert counters.counts[LAYOUT.slice("shop")].tolist() == [0, 0, 3, 1, 1]


def test_extremes_ignore_nulls_and_are_absent_without_values() -> None:
    counters = counted([(None, "a", 0), (4.0, "a", 0), (-2.0, "a", 0)])
    assert (counters.minima.tolist(), counters.maxima.tolist()) == ([-2.0], [4.0])
    assert np.isnan(counted([(None, "a", 0)]).minima).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_amount_lies_in_the_same_bin_whatever_its_width(
    dtype: type[np.floating[npt.NBitBase]],
) -> None:
    amounts = np.array([0.1] * 50 + [0.2] * 50 + [0.3] * 50)
    edges = quantile_edges(np.sort(amounts.astype(np.float32)))
    layout = Layout([Edges(feature="x", edges=edges)])
    counters = count({"x": amounts.astype(dtype)}, reference_id="r", layout=layout)
    assert sorted(c for c in counters.counts.tolist() if c) == [50, 50, 50]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"amount": ["ten"], "shop": ["a"], "night": [0]}, "column amount: expected numbers"),
        ({"amount": [1.0], "shop": [["a"]], "night": [0]}, "column shop: expected text"),
        ({"amount": [1.0], "shop": [b"a"], "night": [0]}, "column shop: expected text"),
        ({"amount": [[1.0]], "shop": ["a"], "night": [0]}, "column amount: expected one value"),
        ({"amount": [1.0, 2.0], "shop": ["a"], "night": [0]}, "different lengths"),
        ({"amount": [1.0], "night": [0]}, "columns missing: shop"),
    ],
)
def test_a_column_that_cannot_be_counted_is_named(
    columns: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(BadColumn, match=message):
        count(columns, reference_id="r", layout=LAYOUT)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (3.0, "3"), (2.5, "2.5"), ("x", "x"), (True, "1"), (None, ""), (float("nan"), "")],
)
def test_one_level_has_one_text(value: object, text: str) -> None:
    assert level_text(value) == text
