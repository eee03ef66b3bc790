"""Columns as they come to columns as the model takes them.

Owns the one conversion that training, validation and serving share: what differs here differs
in the score. Numbers become float32 with NaN for null; categories become text with "" for
null, and an integer code is its decimal text whatever type carried it (a null in an integer
column makes many readers hand it over as floats).
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.artefact.bundle import Feature
from evermodel.common.kernel.levels import NULL, level_text

Column = Sequence[Any] | npt.NDArray[Any]
Columns = Mapping[str, Column]


class BadColumns(ValueError):
    """Columns that cannot be scored; the message names the column."""


def prepare(columns: Columns, *, features: Sequence[Feature]) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of `features` by name, as the model takes them, all of one length.

    Columns that are no feature are ignored.

    Raises:
        BadColumns: one is missing, of another length, or holds what its kind cannot.
    """
    prepared: dict[str, npt.NDArray[Any]] = {}
    for feature in features:
        if feature.name not in columns:
            raise BadColumns(f"column {feature.name!r} is missing")
        convert = text if feature.kind == "categorical" else number
        prepared[feature.name] = convert(columns[feature.name], name=feature.name)
    if len({len(column) for column in prepared.values()}) > 1:
        lengths = ", ".join(f"{name}: {len(column)}" for name, column in prepared.items())
        raise BadColumns(f"columns of unequal length: {lengths}")
    return prepared


def number(column: Column, *, name: str) -> npt.NDArray[np.float32]:
    """Return `column` as float32, NaN for null. Infinities are no numbers here: NaN as well."""
    try:
        given = np.asarray(column)
    except ValueError as error:
        raise BadColumns(f"column {name!r} is not one-dimensional") from error
    if given.ndim != 1:
        raise BadColumns(f"column {name!r} is not one-dimensional")
    if given.dtype.kind in "biuf":
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and so null, on purpose
            values = given.astype(np.float32)
    else:
        values = _number_of_objects(given, name=name)
    if not np.isfinite(values).all():
        values = np.where(np.isinf(values), np.float32(np.nan), values)
    return values


def text(column: Column, *, name: str) -> npt.NDArray[np.object_]:
    """Return `column` as text, "" for null."""
    values = np.empty(len(column), dtype=object)
    values[:] = [_level(value, name=name) for value in _plain(column)]
    return values


def _plain(column: Column) -> Iterable[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else column


def _number_of_objects(column: npt.NDArray[Any], *, name: str) -> npt.NDArray[np.float32]:
    """Nulls and decimals among numbers are fine, text is not: "12" is a mistyped column."""
    plain = np.empty(len(column), dtype=np.float32)
    for row, value in enumerate(column.tolist()):
        if _is_null(value):
            plain[row] = np.nan
        elif isinstance(value, int | float | Decimal | np.number | np.bool_):
            plain[row] = _float(value)
        else:
            raise BadColumns(f"column {name!r} is not numeric: it holds a {type(value).__name__}")
    return plain


def _float(value: Any) -> np.float32:
    try:
        with np.errstate(over="ignore"):
            return np.float32(float(value))
    except OverflowError:  # an integer beyond float64
        return np.float32(np.inf)


def _is_null(value: Any) -> bool:
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124  # NaN
        return True
    return type(value).__name__ in {"NAType", "NaTType"}


def _level(value: Any, *, name: str) -> str:
    try:
        return level_text(value.item() if isinstance(value, np.generic) else value)
    except TypeError as error:
        if _is_null(value):
            return NULL
        kind = type(value).__name__
        raise BadColumns(f"column {name!r} holds a {kind}: not a category") from error
