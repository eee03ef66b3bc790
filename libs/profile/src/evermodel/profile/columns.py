"""Columns as they come (lists, arrays, nulls in either) to the form that is counted.

Continuous values are compared as float32 wherever they came from: a reference built from
float32 Parquet and a window decoded from JSON must put the same amount into the same bin.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from evermodel.common.kernel.levels import NULL, level_text

Column = Sequence[object] | npt.NDArray[np.generic]
Columns = Mapping[str, Column]
Floats = npt.NDArray[np.float32]


class BadColumn(ValueError):
    """A column that cannot be counted; the message names it and what was expected."""


def sorted_floats(name: str, values: Column) -> Floats:
    """Return the values as float32 in ascending order; null is NaN and comes last.

    Raises:
        BadColumn: a value is neither a number nor null.
    """
    try:
        wide = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadColumn(f"column {name}: expected numbers or nulls: {error}") from error
    if wide.ndim != 1:
        raise BadColumn(f"column {name}: expected one value a row, got shape {wide.shape}")
    with np.errstate(over="ignore"):  # beyond float32 is infinite: the outermost bin either way
        return np.sort(wide.astype(np.float32))


def level_counts(name: str, values: Column) -> dict[str, int]:
    """Return rows by level as text; null is the empty text.

    Raises:
        BadColumn: a value is neither text, a number, a truth value nor null.
    """
    counts: dict[str, int] = {}
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        known = values[~np.isnan(values)]
        counts, values = {NULL: len(values) - len(known)}, known
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    try:
        for value, rows in Counter(listed).items():
            text = level_text(value)
            counts[text] = counts.get(text, 0) + rows
    except TypeError as error:
        raise BadColumn(f"column {name}: expected text or integers: {error}") from error
    return counts
