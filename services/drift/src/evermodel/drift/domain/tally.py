"""Everything counted in one partition's share of a window, as a value that adds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from evermodel.common.events.windows import SCORE_BINS
from evermodel.drift.domain.pairing import PairTally, pairs_of
from evermodel.drift.domain.rows import Integers, Rows
from evermodel.profile.counters import Counters
from evermodel.profile.reference import Reference

Served = tuple[int | None, int]
Paired = tuple[int | None, int, int]


@dataclass(frozen=True, slots=True)
class Limits:
    """The stated range of a column."""

    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class ColumnTally:
    """Rows, nulls, and values outside the stated range."""

    rows: int
    nulls: int
    below: int = 0
    above: int = 0

    def __add__(self, other: "ColumnTally") -> "ColumnTally":
        return ColumnTally(
            self.rows + other.rows,
            self.nulls + other.nulls,
            self.below + other.below,
            self.above + other.above,
        )


@dataclass(frozen=True, slots=True, eq=False)
class ServedTally:
    """What one version answered to the rows that one version decided."""

    rows: int
    failed: int
    alerts: int
    histogram: Integers

    def __add__(self, other: "ServedTally") -> "ServedTally":
        return ServedTally(
            self.rows + other.rows,
            self.failed + other.failed,
            self.alerts + other.alerts,
            self.histogram + other.histogram,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """A window's counts.

    `references`: rows by the reference of the champion that they were scored under; `profiles`:
    for those that are known, counts of every feature. `served`: by (deciding, scoring) version.
    `paired`: by (deciding, older, newer) version.
    `chunks`: lake chunks that hold its rows. Times in microseconds; None without rows.
    """

    rows: int = 0
    references: Mapping[str | None, int] = field(default_factory=dict)
    profiles: Mapping[str, Counters] = field(default_factory=dict)
    quality: Mapping[str, ColumnTally] = field(default_factory=dict)
    served: Mapping[Served, ServedTally] = field(default_factory=dict)
    paired: Mapping[Paired, PairTally] = field(default_factory=dict)
    decided: Mapping[int, int] = field(default_factory=dict)
    chunks: frozenset[int] = frozenset()
    first: int | None = None
    last: int | None = None

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            rows=self.rows + other.rows,
            references=_added(self.references, other.references),
            profiles=_added(self.profiles, other.profiles),
            quality=_added(self.quality, other.quality),
            served=_added(self.served, other.served),
            paired=_added(self.paired, other.paired),
            decided=_added(self.decided, other.decided),
            chunks=self.chunks | other.chunks,
            first=_least(self.first, other.first),
            last=_most(self.last, other.last),
        )

    @property
    def versions(self) -> set[int]:
        """Every version that is counted, deciding or scoring."""
        served = {version for pair in self.served for version in pair if version is not None}
        return {*served, *self.decided}

    @classmethod
    def of(
        cls,
        rows: Rows,
        *,
        references: Mapping[str, Reference],
        limits: Mapping[str, Limits],
        chunks: frozenset[int],
    ) -> Self:
        """Return the tally of `rows`.

        `references`: those that the rows name and that are known. `limits`: of every feature.
        """
        return cls(
            rows=len(rows),
            references=_frequencies(rows.references),
            profiles=_profiles(rows, references),
            quality={name: _column(rows.features[name], limit) for name, limit in limits.items()},
            served=_served(rows),
            paired=_paired(rows),
            decided={v: n for v, n in _frequencies(rows.decided_by).items() if v is not None},
            chunks=chunks,
            first=int(rows.times.min()) if len(rows) else None,
            last=int(rows.times.max()) if len(rows) else None,
        )


def _added(one: Mapping, other: Mapping) -> dict:  # type: ignore[type-arg]  # of whatever adds
    total = dict(one)
    for key, value in other.items():
        total[key] = total[key] + value if key in total else value
    return total


def _least(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


def _most(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _frequencies(values: Sequence) -> dict:  # type: ignore[type-arg]  # by whatever it holds
    return {value: values.count(value) for value in set(values)}


def _where(values: Sequence[object], wanted: object) -> Integers:
    return np.array([i for i, value in enumerate(values) if value == wanted], dtype=np.int64)


def _profiles(rows: Rows, references: Mapping[str, Reference]) -> dict[str, Counters]:
    profiles = {}
    for name in set(rows.references):
        if name is not None and name in references:
            chosen = rows.take(_where(rows.references, name))
            profiles[name] = references[name].count(chosen.features)
    return profiles


def _column(values: Sequence[object] | npt.NDArray[np.generic], limits: Limits) -> ColumnTally:
    if not isinstance(values, np.ndarray):
        return ColumnTally(len(values), values.count(None))
    numbers = values.astype(np.float64, copy=False)
    nulls = int(np.isnan(numbers).sum())
    below = 0 if limits.lowest is None else int((numbers < limits.lowest).sum())
    above = 0 if limits.highest is None else int((numbers > limits.highest).sum())
    return ColumnTally(len(values), nulls, below, above)


def _served(rows: Rows) -> dict[Served, ServedTally]:
    served: dict[Served, ServedTally] = {}
    for decider in set(rows.decided_by):
        chosen = rows.take(_where(rows.decided_by, decider))
        failed = _failures(chosen.failed)
        for version in sorted({*chosen.scores, *failed}):
            tally = _answers(chosen, version, failed.get(version, 0))
            if tally.rows:
                served[decider, version] = tally
    return served


def _paired(rows: Rows) -> dict[Paired, PairTally]:
    return {
        (decider, *versions): pair
        for decider in set(rows.decided_by)
        for versions, pair in pairs_of(rows.take(_where(rows.decided_by, decider))).items()
    }


def _failures(failed: Sequence[Sequence[int]]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for versions in failed:
        for version in versions:
            counts[version] = counts.get(version, 0) + 1
    return counts


def _answers(rows: Rows, version: int, failed: int) -> ServedTally:
    answered = [score for score in rows.scores.get(version, ()) if score is not None]
    bins = np.minimum((np.array(answered) * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    return ServedTally(
        rows=len(answered) + failed,
        failed=failed,
        alerts=sum(alert is True for alert in rows.alerts.get(version, ())),
        histogram=np.bincount(bins, minlength=SCORE_BINS),
    )
