"""Between a tally and the public form of a window's counters."""

import math
from collections.abc import Mapping

import numpy as np

from evermodel.common.events.payload import Span
from evermodel.common.events.windows import (
    CategoricalCounts,
    ColumnQuality,
    ContinuousCounts,
    PairedCounts,
    ReferenceCounts,
    ServedCounts,
    WindowCounters,
)
from evermodel.common.kernel.ids import ReferenceId
from evermodel.drift.domain.grid import moment
from evermodel.drift.domain.tally import Tally
from evermodel.profile.counters import Counters
from evermodel.profile.layout import Edges
from evermodel.profile.reference import Reference


def span(start: int, end: int) -> Span:
    """Return the span of event time between two times in microseconds."""
    return Span(start=moment(start), end=moment(end))


def window_counters(tally: Tally, references: Mapping[str, Reference]) -> WindowCounters:
    """Return the public form of `tally`; `references` are those of its profiles."""
    served = sorted(tally.served.items(), key=lambda item: (item[0][0] or 0, item[0][1]))
    return WindowCounters(
        rows=tally.rows,
        references=tuple(
            _reference_counts(name, rows, tally.profiles.get(name or ""), references)
            for name, rows in sorted(tally.references.items(), key=lambda item: item[0] or "")
        ),
        quality={
            name: ColumnQuality(rows=c.rows, nulls=c.nulls, below=c.below, above=c.above)
            for name, c in tally.quality.items()
        },
        served=tuple(
            ServedCounts(
                decided_by=decider,
                version=version,
                rows=s.rows,
                failed=s.failed,
                alerts=s.alerts,
                histogram=tuple(s.histogram.tolist()),
            )
            for (decider, version), s in served
        ),
        paired=_paired_counts(tally),
        decided={str(version): rows for version, rows in sorted(tally.decided.items())},
        first_time=None if tally.first is None else moment(tally.first),
        last_time=None if tally.last is None else moment(tally.last),
    )


def _paired_counts(tally: Tally) -> tuple[PairedCounts, ...]:
    found = sorted(tally.paired.items(), key=lambda item: (item[0][0] or 0, *item[0][1:]))
    return tuple(
        PairedCounts(
            decided_by=decider,
            older=older,
            newer=newer,
            rows=pair.rows,
            older_alone=pair.older_alone,
            newer_alone=pair.newer_alone,
            group_rows=tuple(pair.group_rows.tolist()),
            group_gaps=tuple(pair.group_gaps.tolist()),
            group_spreads=tuple(pair.group_spreads.tolist()),
        )
        for (decider, older, newer), pair in found
    )


def _reference_counts(
    name: str | None, rows: int, counters: Counters | None, references: Mapping[str, Reference]
) -> ReferenceCounts:
    reference_id = None if name is None else ReferenceId(name)
    if counters is None or name is None:
        return ReferenceCounts(reference_id=reference_id, rows=rows)
    continuous: dict[str, ContinuousCounts] = {}
    categorical: dict[str, CategoricalCounts] = {}
    for offset, part in references[name].layout:
        cells = counters.counts[offset : offset + part.size].tolist()
        if isinstance(part, Edges):
            at = len(continuous)
            continuous[part.feature] = ContinuousCounts(
                bins=tuple(cells[:-1]),
                nulls=cells[-1],
                minimum=_finite(counters.minima[at]),
                maximum=_finite(counters.maxima[at]),
            )
        else:
            categorical[part.feature] = CategoricalCounts(
                levels=dict(zip(part.levels, cells, strict=False)),
                other=cells[-3],
                nulls=cells[-2],
                unseen=cells[-1],
            )
    return ReferenceCounts(
        reference_id=reference_id, rows=rows, continuous=continuous, categorical=categorical
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


class OtherFeatures(ValueError):
    """Counts that do not fit the reference they name."""


def counters_of(counts: ReferenceCounts, reference: Reference) -> Counters:
    """Return the counters that `counts` publishes.

    Raises:
        OtherFeatures: a feature is missing, or has other bins or levels than the reference.
    """
    found = reference.empty().counts.copy()
    extremes: list[tuple[float, float]] = []
    for offset, part in reference.layout:
        cells = found[offset : offset + part.size]
        if isinstance(part, Edges):
            column = counts.continuous.get(part.feature)
            if column is None or len(column.bins) != part.size - 1:
                raise OtherFeatures(part.feature)
            cells[:] = (*column.bins, column.nulls)
            extremes.append((_or_nan(column.minimum), _or_nan(column.maximum)))
        else:
            levels = counts.categorical.get(part.feature)
            if levels is None or set(levels.levels) - set(part.levels):
                raise OtherFeatures(part.feature)
            known = [levels.levels.get(level, 0) for level in part.levels]
            cells[:] = (*known, levels.other, levels.nulls, levels.unseen)
    both = np.array(extremes, dtype=np.float32).reshape(-1, 2)
    return Counters(reference.reference_id, counts.rows, found, both[:, 0], both[:, 1])


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
