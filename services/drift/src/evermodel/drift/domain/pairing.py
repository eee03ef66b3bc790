"""How far two versions agree on the same rows, counted so that it adds.

Owns what ``PairedCounts`` holds. Must never depend on the order of rows: whole numbers only.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from evermodel.common.events.windows import ENTITY_GROUPS, LAST_RUNG, RUNGS_PER_LOG_ODDS
from evermodel.drift.domain.rows import Integers, Rows

#: The scores at which a rung begins, from the second lowest on.
_EDGES = np.array(
    [
        1.0 / (1.0 + math.exp(-(rung - 0.5) / RUNGS_PER_LOG_ODDS))
        for rung in range(1 - LAST_RUNG, LAST_RUNG + 1)
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class PairTally:
    """Rows that two versions both scored; arrays are by group of entities."""

    rows: int
    older_alone: int
    newer_alone: int
    group_rows: Integers
    group_gaps: Integers
    group_spreads: Integers

    def __add__(self, other: "PairTally") -> "PairTally":
        return PairTally(
            self.rows + other.rows,
            self.older_alone + other.older_alone,
            self.newer_alone + other.newer_alone,
            self.group_rows + other.group_rows,
            self.group_gaps + other.group_gaps,
            self.group_spreads + other.group_spreads,
        )


def pairs_of(rows: Rows) -> dict[tuple[int, int], PairTally]:
    """Return what each two versions, older and newer, answered to `rows`."""
    if len(rows.scores) < 2:  # nothing to pair, which is most of the time
        return {}
    groups = groups_of(rows.entities)
    scores = {v: np.array(found, dtype=np.float64) for v, found in rows.scores.items()}
    alerts = {v: np.array([a is True for a in found]) for v, found in rows.alerts.items()}
    pairs = {
        (older, newer): pair_of(scores, alerts, groups, older=older, newer=newer)
        for older, newer in combinations(sorted(scores), 2)
    }
    return {versions: pair for versions, pair in pairs.items() if pair.rows}


def pair_of(
    scores: Mapping[int, npt.NDArray[np.float64]],
    alerts: Mapping[int, npt.NDArray[np.bool_]],
    groups: Integers,
    *,
    older: int,
    newer: int,
) -> PairTally:
    """Return what two versions answered to the same rows; NaN = a version gave no score."""
    left, right = scores[older], scores[newer]
    both = np.flatnonzero(~(np.isnan(left) | np.isnan(right)))
    old, new = alerts[older][both], alerts[newer][both]
    gaps = _rungs(right[both]) - _rungs(left[both])
    return PairTally(
        rows=len(both),
        older_alone=int((old & ~new).sum()),
        newer_alone=int((new & ~old).sum()),
        group_rows=np.bincount(groups[both], minlength=ENTITY_GROUPS),
        group_gaps=_by_group(groups[both], gaps),
        group_spreads=_by_group(groups[both], np.abs(gaps)),
    )


def _rungs(scores: npt.NDArray[np.float64]) -> Integers:
    return np.searchsorted(_EDGES, scores, side="right")


def _by_group(groups: Integers, values: Integers) -> Integers:
    sums = np.zeros(ENTITY_GROUPS, dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums


def groups_of(entities: Sequence[str]) -> Integers:
    """Return the group of each entity: the same in every window and on every machine."""
    return np.array([zlib.crc32(e.encode()) % ENTITY_GROUPS for e in entities], dtype=np.int64)
