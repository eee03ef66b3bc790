"""Scores joined with labels of one age: confusion counts, score tables, paired counts.

Pure counting over columns; where the rows come from is a port's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from evermodel.common.events.windows import SCORE_BINS
from evermodel.lake.columns import UNLABELLED

Flags = npt.NDArray[np.int8]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Joined:
    """A cohort's rows, column by column, one entry per transaction.

    `labels`: 1, 0 or -1 (not known). `scores` by version: NaN where the version did not answer;
    `alerts` by version: 1, 0 or -1 where it did not answer.
    """

    labels: Flags
    scores: Mapping[int, Scores]
    alerts: Mapping[int, Flags]

    @property
    def labelled(self) -> int:
        """How many rows have a label."""
        return int((self.labels != UNLABELLED).sum())

    @property
    def frauds(self) -> int:
        """How many are known to be fraud."""
        return int((self.labels == 1).sum())

    def answered(self, version: int) -> npt.NDArray[np.bool_]:
        """Return which rows `version` answered: with an alert, raised or not, on a score.

        Rows in the lake may have the one without the other: an upstream's, from before the
        windower refused them.
        """
        answered: npt.NDArray[np.bool_] = self.alerts[version] != -1
        return answered & ~np.isnan(self.scores[version])


@dataclass(frozen=True, slots=True)
class Confusion:
    """One version's counts over the labelled rows it answered."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    fraud_scores: tuple[int, ...]
    genuine_scores: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alerts of two versions on the same rows of one class."""

    both: int
    first_only: int
    second_only: int
    neither: int


def cohort_of(*, start: int, end: int, delay: int, length: int) -> tuple[int, int]:
    """Return the span whose labels have reached the age `delay` when the window closes.

    All in the same unit. Cohorts lie on the grid of windows and tile the time as windows do:
    consecutive windows give consecutive cohorts, also where `delay` is no multiple of `length`.
    """
    return (start - delay) // length * length, (end - delay) // length * length


def confusion(joined: Joined, version: int) -> Confusion:
    """Return the counts of `version`."""
    alerts, scores = joined.alerts[version], joined.scores[version]
    answered = joined.answered(version) & (joined.labels != UNLABELLED)
    fraud, alert = joined.labels[answered] == 1, alerts[answered] == 1
    bins = np.minimum((scores[answered] * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
    return Confusion(
        true_positives=int((fraud & alert).sum()),
        false_positives=int((~fraud & alert).sum()),
        false_negatives=int((fraud & ~alert).sum()),
        true_negatives=int((~fraud & ~alert).sum()),
        fraud_scores=tuple(np.bincount(bins[fraud], minlength=SCORE_BINS).tolist()),
        genuine_scores=tuple(np.bincount(bins[~fraud], minlength=SCORE_BINS).tolist()),
    )


def agreement(joined: Joined, first: int, second: int, *, label: int) -> Agreement:
    """Return how the alerts of two versions agree on rows of `label` that both answered."""
    one, other = joined.alerts[first], joined.alerts[second]
    rows = joined.answered(first) & joined.answered(second) & (joined.labels == label)
    a, b = one[rows] == 1, other[rows] == 1
    return Agreement(
        both=int((a & b).sum()),
        first_only=int((a & ~b).sum()),
        second_only=int((~a & b).sum()),
        neither=int((~a & ~b).sum()),
    )


def pairs_of(versions: Iterable[int], *, champion: int | None) -> list[tuple[int, int]]:
    """Return every pair of versions, the champion first where it is one, else the older."""
    return [(b, a) if b == champion else (a, b) for a, b in combinations(sorted(set(versions)), 2)]
