"""The one conversion that training, validation and serving share."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evermodel.artefact.bundle import features_of
from evermodel.artefact.columns import BadColumns, Column, prepare
from evermodel.common.models.description import FeaturesSection

FEATURES = features_of(FeaturesSection(continuous=("x",), categorical=("c",), flag=("f",)))


def prepared(**columns: Any) -> dict[str, Any]:
    rows = len(next(iter(columns.values())))
    default: dict[str, Column] = {"x": [0.0] * rows, "c": ["a"] * rows, "f": [0] * rows}
    return prepare({**default, **columns}, features=FEATURES)


@pytest.mark.parametrize(
    "column",
    [
        [1, None, 2.5],
        [1.0, float("nan"), 2.5],
        np.array([1.0, np.nan, 2.5]),
        np.array([1.0, np.nan, 2.5], dtype=np.float32),
        np.array([1.0, np.inf, 2.5]),
        np.array([1, pd.NA, 2.5], dtype=object),
    ],
    ids=["list", "nan", "float64", "float32", "infinite", "pandas"],
)
def test_numbers_become_float32_with_nan_for_null(column: Column) -> None:
    x = prepared(x=column)["x"]
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, np.array([1, np.nan, 2.5], dtype=np.float32))


@pytest.mark.parametrize("column", [[True, False, None], [1, 0, None], [1.0, 0.0, np.nan]])
def test_flags_are_numbers_whatever_type_carried_them(column: Column) -> None:
    np.testing.assert_array_equal(prepared(f=column)["f"], np.array([1, 0, np.nan], np.float32))


@pytest.mark.parametrize(
    "column",
    [
        [1234, None, 7],
        ["1234", None, "7"],
        ["1234", "", "7"],
        np.array([1234.0, np.nan, 7.0]),
        np.array([1234, None, 7], dtype=object),
        np.array([1234, pd.NA, 7], dtype=object),
    ],
    ids=["integers", "text", "empty", "floats", "objects", "pandas"],
)
def test_an_integer_code_is_its_decimal_text_whatever_type_carried_it(column: Column) -> None:
    assert list(prepared(c=column)["c"]) == ["1234", "", "7"]


def test_truth_values_and_fractions_are_categories_too() -> None:
    assert list(prepared(c=[True, False, 0.5])["c"]) == ["1", "0", "0.5"]


def test_columns_that_are_no_feature_are_ignored() -> None:
    assert set(prepared(x=[1.0], label=["whatever"])) == {"x", "c", "f"}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"x": ["12"]}, "'x' is not numeric"),
        ({"f": ["yes"]}, "'f' is not numeric"),
        ({"x": [[1.0, 2.0]]}, "'x'"),
        ({"c": [{"a": 1}]}, "'c' holds a dict"),
        ({"c": [["a"]]}, "'c' holds a list"),
        ({"x": [1.0, 2.0], "c": ["a"]}, "unequal length"),
    ],
)
def test_what_its_kind_cannot_hold_is_refused_by_name(columns: dict[str, Any], says: str) -> None:
    with pytest.raises(BadColumns, match=says):
        prepared(**columns)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadColumns, match="'c' is missing"):
        prepare({"x": [1.0], "f": [0]}, features=FEATURES)


def test_no_rows_are_no_error() -> None:
    assert all(len(column) == 0 for column in prepared(x=[], c=[], f=[]).values())


def test_a_number_beyond_float32_is_null_as_an_infinite_one_is() -> None:
    column: Column = [10**400, 1e300, 1.0]
    np.testing.assert_array_equal(prepared(x=column)["x"], np.array([np.nan, np.nan, 1], "f4"))
    x = prepared(x=np.array([1e300, 1.0]))["x"]
    np.testing.assert_array_equal(x, np.array([np.nan, 1], np.float32))
