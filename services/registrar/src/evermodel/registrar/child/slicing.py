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
_NULL, _OTHER = "null", "other"


def parts_of(column: npt.NDArray[np.generic], *, frauds: Flags) -> Iterator[tuple[str, Flags]]:
    """Yield name and rows of each part of `column`, every row in exactly one."""
    if column.dtype == object:
        yield from _levels(column.astype(str), frauds=frauds)
        return
    kind = np.float32 if column.dtype == np.float32 else np.float64
    values: npt.NDArray[np.floating] = column.astype(kind)
    known = ~np.isnan(values)
    if not known.all():
        yield _NULL, ~known
    if len(np.unique(values[known])) <= MOST_LEVELS:
        for value in np.unique(values[known]):
            yield np.format_float_positional(value, trim="-"), values == value
    else:
        yield from _bands(values, known=known)


def _levels(column: npt.NDArray[np.str_], *, frauds: Flags) -> Iterator[tuple[str, Flags]]:
    """Yield the levels with the most frauds, by name, then the rest."""
    levels, counts = np.unique(column[frauds], return_counts=True)
    common = sorted(levels[np.argsort(-counts, kind="stable")[:MOST_LEVELS]])
    for level in common:
        yield _named(level), column == level
    rest = ~np.isin(column, common)
    if rest.any():
        yield _OTHER, rest


def _named(level: str) -> str:
    """Return the name of a level: quoted where a part that is no level is called so."""
    if not level:
        return _NULL
    return repr(str(level)) if level in {_NULL, _OTHER} or level[0] in "'\"" else level


def _bands(values: npt.NDArray[np.floating], *, known: Flags) -> Iterator[tuple[str, Flags]]:
    edges = np.quantile(values[known], _QUARTERS)
    band = np.searchsorted(edges, values, side="right")
    for number in range(len(edges) + 1):
        yield f"quarter {number + 1}", known & (band == number)
