"""A window as a value that adds: counts of every feature against one reference.

``count(a) + count(b) == count(a and b)`` bit for bit, in any order, because all of it is
integers, minima and maxima. Counts of different references never add.
"""

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Self

import numpy as np

from evermodel.common.kernel.levels import NULL
from evermodel.profile.columns import (
    BadColumn,
    Column,
    Columns,
    Floats,
    level_counts,
    sorted_floats,
)
from evermodel.profile.layout import Counts, Edges, Layout, Levels


class DifferentReference(ValueError):
    """Counts made against different references were added."""


@dataclass(frozen=True, slots=True, eq=False)
class Counters:
    """Rows counted against the reference `reference_id`.

    `minima`, `maxima`: of the layout's continuous features in order; NaN where no value was.
    """

    reference_id: str
    rows: int
    counts: Counts
    minima: Floats
    maxima: Floats

    @classmethod
    def empty(cls, reference_id: str, layout: Layout) -> Self:
        """Return the counters of no rows."""
        nothing = np.full(_continuous(layout), np.nan, dtype=np.float32)
        return cls(reference_id, 0, np.zeros(layout.size, dtype=np.int64), nothing, nothing)

    def __add__(self, other: "Counters") -> "Counters":
        if self.reference_id != other.reference_id:
            raise DifferentReference(f"{self.reference_id} and {other.reference_id} do not add")
        return Counters(
            self.reference_id,
            self.rows + other.rows,
            self.counts + other.counts,
            np.fmin(self.minima, other.minima),
            np.fmax(self.maxima, other.maxima),
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Counters)
            and (self.reference_id, self.rows) == (other.reference_id, other.rows)
            and np.array_equal(self.counts, other.counts)
            and np.array_equal(self.minima, other.minima, equal_nan=True)
            and np.array_equal(self.maxima, other.maxima, equal_nan=True)
        )

    __hash__ = None  # type: ignore[assignment]  # holds arrays


def merge(first: Counters, *others: Counters) -> Counters:
    """Return the counters of all rows together."""
    return reduce(add, others, first)


def count(columns: Columns, *, reference_id: str, layout: Layout) -> Counters:
    """Return the counters of the rows in `columns` (equally long, one for each feature).

    Raises:
        BadColumn: a column is missing, of another length, or holds what cannot be counted.
    """
    counts = np.zeros(layout.size, dtype=np.int64)
    extremes = np.full((2, _continuous(layout)), np.nan, dtype=np.float32)
    rows = _rows(columns, layout)
    at = 0
    for offset, part in layout:
        cells = counts[offset : offset + part.size]
        if isinstance(part, Edges):
            extremes[:, at] = _count_values(columns[part.feature], part, cells)
            at += 1
        else:
            _count_levels(columns[part.feature], part, cells)
    return Counters(reference_id, rows, counts, extremes[0], extremes[1])


def _continuous(layout: Layout) -> int:
    return sum(isinstance(part, Edges) for part in layout.parts)


def _rows(columns: Columns, layout: Layout) -> int:
    missing = [part.feature for part in layout.parts if part.feature not in columns]
    if missing:
        raise BadColumn(f"columns missing: {', '.join(missing)}")
    lengths = {len(columns[part.feature]) for part in layout.parts}
    if len(lengths) > 1:
        raise BadColumn(f"columns of different lengths: {sorted(lengths)}")
    return lengths.pop() if lengths else 0


def _count_values(values: Column, part: Edges, cells: Counts) -> tuple[float, float]:
    """Fill `cells`; return the least and the greatest value.

    Sorting the column and searching the few edges in it is five times faster than searching
    every value in the edges.
    """
    ordered = sorted_floats(part.feature, values)
    known = int(ordered.searchsorted(np.nan))
    at = ordered[:known].searchsorted(part.edges, side="right")
    if len(at):
        cells[0] = at[0]
        cells[1:-2] = at[1:] - at[:-1]
        cells[-2] = known - at[-1]
    else:
        cells[0] = known
    cells[-1] = len(ordered) - known
    return (float(ordered[0]), float(ordered[known - 1])) if known else (np.nan, np.nan)


def _count_levels(values: Column, part: Levels, cells: Counts) -> None:
    counts = level_counts(part.feature, values)
    nulls = counts.pop(NULL, 0)
    for at, level in enumerate(part.levels):
        cells[at] = counts.pop(level, 0)
    cells[-3] = sum(counts.values())
    cells[-2] = nulls
    if not part.open_ended:
        cells[-1] = sum(rows for level, rows in counts.items() if level not in part.rare)
