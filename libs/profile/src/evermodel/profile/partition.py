"""From training rows to the parts of a reference: quantile edges, and the levels worth a cell."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from evermodel.common.kernel.levels import NULL
from evermodel.profile.columns import Column, Floats, level_counts, sorted_floats
from evermodel.profile.layout import Edges, Layout, Levels, Part
from evermodel.profile.schema import Schema

#: Quantile bins: the effect size is off by at most one in so many.
BINS = 256

#: A level below this share has too few rows in a window to be judged alone.
RARE = 1e-3

#: More levels than this are not remembered; the feature is open-ended.
REMEMBERED = 20_000

_FLAG_LEVELS = ("0", "1")

ColumnsOf = Callable[[str], Iterable[Column]]


def layout_of(columns_of: ColumnsOf, *, schema: Schema) -> Layout:
    """Return the layout that fits the rows that `columns_of` yields for each feature.

    Raises:
        BadColumn: a column holds what cannot be counted.
    """
    parts: list[Part] = [
        Edges(feature=name, edges=quantile_edges(_joined(name, columns_of)))
        for name in schema.continuous
    ]
    parts += [_levels(name, _totals(name, columns_of)) for name in schema.categorical]
    parts += [Levels(feature=n, kind="flag", levels=_FLAG_LEVELS) for n in schema.flag]
    return Layout(parts)


def quantile_edges(ordered: Floats) -> Floats:
    """Return ascending edges at the quantiles of the finite ones of `ordered` values.

    An infinite value falls into an outermost bin.

    A value heavier than one bin gets a second edge just below it, and so a bin of its own:
    otherwise a shift between zero and the next amount would hide inside one bin.
    """
    known = ordered[np.isfinite(ordered)]
    if not len(known):
        return known
    ranks = np.ceil(np.arange(1, BINS) * (len(known) / BINS)).astype(np.int64) - 1
    edges = np.unique(known[np.clip(ranks, 0, len(known) - 1)])
    weight = known.searchsorted(edges, side="right") - known.searchsorted(edges, side="left")
    below = np.nextafter(edges[weight * BINS > len(known)], np.float32(-np.inf))
    return np.union1d(edges, below)


def _joined(name: str, columns_of: ColumnsOf) -> Floats:
    return np.sort(np.concatenate([sorted_floats(name, column) for column in columns_of(name)]))


def _totals(name: str, columns_of: ColumnsOf) -> dict[str, int]:
    totals: dict[str, int] = {}
    for column in columns_of(name):
        for level, rows in level_counts(name, column).items():
            totals[level] = totals.get(level, 0) + rows
    return totals


def _levels(name: str, totals: Mapping[str, int]) -> Levels:
    rows = sum(totals.values())
    seen = [level for level in totals if level != NULL]
    kept = sorted(level for level in seen if totals[level] >= RARE * rows)
    open_ended = len(seen) > REMEMBERED
    return Levels(
        feature=name,
        kind="categorical",
        levels=tuple(kept),
        rare=frozenset() if open_ended else frozenset(seen) - frozenset(kept),
        open_ended=open_ended,
    )
