"""Adding the published counters of a window's partitions: integers, in any order."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import TypeVar

import numpy as np

from evermodel.common.events.windows import (
    CategoricalCounts,
    ColumnQuality,
    ContinuousCounts,
    PairedCounts,
    ReferenceCounts,
    ServedCounts,
    WindowCounters,
)

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T", datetime, float)

EMPTY = WindowCounters(rows=0)


def merged(one: WindowCounters, other: WindowCounters) -> WindowCounters:
    """Return the counters of the rows of both.

    Raises:
        ValueError: counts of one reference have different bins.
    """
    if not other.rows:
        return one
    if not one.rows:
        return other
    return WindowCounters(
        rows=one.rows + other.rows,
        references=_references(one.references, other.references),
        quality={n: _quality(*p) for n, p in _pairs(one.quality, other.quality)},
        served=_served(one.served, other.served),
        paired=_paired(one.paired, other.paired),
        decided={v: sum(n or 0 for n in p) for v, p in _pairs(one.decided, other.decided)},
        first_time=_best(min, one.first_time, other.first_time),
        last_time=_best(max, one.last_time, other.last_time),
    )


def _pairs(
    one: Mapping[K, V], other: Mapping[K, V]
) -> Iterable[tuple[K, tuple[V | None, V | None]]]:
    return [(key, (one.get(key), other.get(key))) for key in {**one, **other}]


def _best(choose: Callable[[list[T]], T], one: T | None, other: T | None) -> T | None:
    known = [value for value in (one, other) if value is not None]
    return choose(known) if known else None


def _references(
    one: tuple[ReferenceCounts, ...], other: tuple[ReferenceCounts, ...]
) -> tuple[ReferenceCounts, ...]:
    pairs = _pairs({r.reference_id: r for r in one}, {r.reference_id: r for r in other})
    found = [a or b if a is None or b is None else _same_reference(a, b) for _, (a, b) in pairs]
    return tuple(sorted((r for r in found if r), key=lambda r: r.reference_id or ""))


def _same_reference(a: ReferenceCounts, b: ReferenceCounts) -> ReferenceCounts:
    return ReferenceCounts(
        reference_id=a.reference_id,
        rows=a.rows + b.rows,
        continuous={n: _continuous(*p) for n, p in _pairs(a.continuous, b.continuous)},
        categorical={n: _categorical(*p) for n, p in _pairs(a.categorical, b.categorical)},
    )


def _continuous(a: ContinuousCounts | None, b: ContinuousCounts | None) -> ContinuousCounts:
    if a is None or b is None:
        return a or b  # type: ignore[return-value]  # one of them is there
    if len(a.bins) != len(b.bins):
        raise ValueError(f"{len(a.bins)} and {len(b.bins)} bins do not add")
    return ContinuousCounts(
        bins=tuple((np.array(a.bins) + np.array(b.bins)).tolist()),
        nulls=a.nulls + b.nulls,
        minimum=_best(min, a.minimum, b.minimum),
        maximum=_best(max, a.maximum, b.maximum),
    )


def _categorical(a: CategoricalCounts | None, b: CategoricalCounts | None) -> CategoricalCounts:
    if a is None or b is None:
        return a or b  # type: ignore[return-value]  # one of them is there
    return CategoricalCounts(
        levels={v: sum(n or 0 for n in p) for v, p in _pairs(a.levels, b.levels)},
        other=a.other + b.other,
        nulls=a.nulls + b.nulls,
        unseen=a.unseen + b.unseen,
    )


def _quality(a: ColumnQuality | None, b: ColumnQuality | None) -> ColumnQuality:
    both = [c for c in (a, b) if c is not None]
    return ColumnQuality(
        rows=sum(c.rows for c in both),
        nulls=sum(c.nulls for c in both),
        below=sum(c.below for c in both),
        above=sum(c.above for c in both),
    )


def _served(
    one: tuple[ServedCounts, ...], other: tuple[ServedCounts, ...]
) -> tuple[ServedCounts, ...]:
    totals: dict[tuple[int, int], ServedCounts] = {}
    for s in (*one, *other):
        key = (s.decided_by or 0, s.version)
        totals[key] = s if key not in totals else _same_served(totals[key], s)
    return tuple(totals[key] for key in sorted(totals))


def _same_served(a: ServedCounts, b: ServedCounts) -> ServedCounts:
    return ServedCounts(
        decided_by=a.decided_by,
        version=a.version,
        rows=a.rows + b.rows,
        failed=a.failed + b.failed,
        alerts=a.alerts + b.alerts,
        histogram=tuple(x + y for x, y in zip(a.histogram, b.histogram, strict=True)),
    )


def _paired(
    one: tuple[PairedCounts, ...], other: tuple[PairedCounts, ...]
) -> tuple[PairedCounts, ...]:
    totals: dict[tuple[int, int, int], PairedCounts] = {}
    for p in (*one, *other):
        key = (p.decided_by or 0, p.older, p.newer)
        totals[key] = p if key not in totals else _same_paired(totals[key], p)
    return tuple(totals[key] for key in sorted(totals))


def _same_paired(a: PairedCounts, b: PairedCounts) -> PairedCounts:
    return PairedCounts(
        decided_by=a.decided_by,
        older=a.older,
        newer=a.newer,
        rows=a.rows + b.rows,
        older_alone=a.older_alone + b.older_alone,
        newer_alone=a.newer_alone + b.newer_alone,
        group_rows=_sums(a.group_rows, b.group_rows),
        group_gaps=_sums(a.group_gaps, b.group_gaps),
        group_spreads=_sums(a.group_spreads, b.group_spreads),
    )


def _sums(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sums by group; counts from before there were such are nought."""
    return tuple(map(sum, zip_longest(one, other, fillvalue=0)))
