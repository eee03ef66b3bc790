"""Cuts the hold-out into parts by one column: its levels, or quarters of its range.

Must never look at a score: a part is chosen before anybody knows who does well in it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]

#: More levels than this cannot each say anything; the rarer ones are one part together.
MOST_LEVELS = 12
_QUARTERS = (0.25, 0.5, 0.75)


def parts_of(column: npt.NDArray[np.generic], *, frauds: Flags) -> Iterator[tuple[str, Flags]]:
    """Yield name and rows of each part of `column`, every row in exactly one."""
    if column.dtype == object:
        yield from _levels(column.astype(str), frauds=frauds)
        return
    values = column.astype(np.float64)
    known = ~np.isnan(values)
    if not known.all():
        yield "null", ~known
    if len(np.unique(values[known])) <= MOST_LEVELS:
        for value in np.unique(values[known]):
            yield f"{value:g}", values == value
    else:
        yield from _bands(values, known=known)


def _levels(column: npt.NDArray[np.str_], *, frauds: Flags) -> Iterator[tuple[str, Flags]]:
    """Yield the levels with the most frauds, by name, then the rest."""
    levels, counts = np.unique(column[frauds], return_counts=True)
    common = sorted(levels[np.argsort(-counts, kind="stable")[:MOST_LEVELS]])
    for level in common:
        yield level or "null", column == level
    rest = ~np.isin(column, common)
    if rest.any():
        yield "other", rest


def _bands(values: npt.NDArray[np.float64], *, known: Flags) -> Iterator[tuple[str, Flags]]:
    edges = np.quantile(values[known], _QUARTERS)
    band = np.searchsorted(edges, values, side="right")
    for number in range(len(edges) + 1):
        yield f"quarter {number + 1}", known & (band == number)
