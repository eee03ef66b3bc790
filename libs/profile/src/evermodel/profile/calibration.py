"""Class references, and how far each training window lies from the others.

For a feature with a regime of its own (it drifted inside the training window) the reference is
the recent regime; its habits are learned from both regimes, each window against its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evermodel.profile.effects import effective_rows, effects
from evermodel.profile.history import Matrix
from evermodel.profile.layout import Counts, Edges, Layout, Part
from evermodel.profile.schema import ALL
from evermodel.profile.significance import homogeneity
from evermodel.profile.units import Mask, Recent

#: A class of windows has a reference of its own from so many windows on.
OWN_CLASS = 2

#: Mean of Kolmogorov's limiting distribution squared, and so of n*D**2 when rows are independent.
_KOLMOGOROV_SQUARED = math.pi**2 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """Counted windows (units by cells) with the class of each."""

    counts: Counts
    classes: npt.NDArray[np.str_]
    recent: Recent

    @property
    def seasons(self) -> list[str]:
        """The classes that occur, apart from ``"all"``."""
        return sorted(set(self.classes.tolist()) - {ALL})


def class_references(units: Classified, layout: Layout) -> dict[str, Counts]:
    """Return the counts of each class, feature by feature from that class or from all."""
    classes = {k: np.zeros(layout.size, dtype=np.int64) for k in (*units.seasons, ALL)}
    for part in layout.parts:
        where, recent = layout.slice(part.feature), units.recent[part.feature]
        for name, vector in classes.items():
            mates = recent & (units.classes == name) if name != ALL else recent
            chosen = mates if mates.sum() >= OWN_CLASS else recent
            vector[where] = units.counts[chosen, where].sum(axis=0)
    return classes


def left_out_effects(units: Classified, layout: Layout) -> tuple[Matrix, list[float]]:
    """Return each window's effect sizes against the others of its class, and design effects.

    Windows by features; NaN where there is nothing to compare with.
    """
    found = np.full((len(units.counts), len(layout.parts)), np.nan)
    designs = []
    for j, part in enumerate(layout.parts):
        cells = layout.distribution(units.counts, part.feature)
        rest = _rest(cells, units.classes, units.recent[part.feature])
        known = (rest.sum(axis=1) > 0) & (cells.sum(axis=1) > 0)
        found[known, j] = effects(part, cells[known], rest[known])
        designs.append(_design(part, cells[known], rest[known], found[known, j]))
    return found, designs


def _rest(cells: Counts, classes: npt.NDArray[np.str_], recent: Mask) -> Counts:
    """Return for each window what it is compared with: its class without itself."""
    own = {k for k in set(classes.tolist()) - {ALL} if (recent & (classes == k)).sum() >= OWN_CLASS}
    rest = np.zeros_like(cells)
    for regime in (recent, ~recent):
        rest[regime] = cells[regime].sum(axis=0)
        for k in own:
            mates = regime & (classes == k)
            if mates.sum() >= OWN_CLASS:
                rest[mates] = cells[mates].sum(axis=0)
    return rest - cells


def _design(part: Part, cells: Counts, rest: Counts, found: Sequence[float] | Matrix) -> float:
    """Return how much larger the test statistic is than for independent rows, at least 1."""
    ratios = []
    for window, reference, distance in zip(cells, rest, found, strict=True):
        if isinstance(part, Edges):
            rows = effective_rows(window, reference, design=1.0)
            ratios.append(rows * float(distance) ** 2 / _KOLMOGOROV_SQUARED)
        else:
            statistic, degrees = homogeneity(window, reference)
            ratios.append(statistic / degrees if degrees else 0.0)
    return max(1.0, sum(ratios) / len(ratios)) if ratios else 1.0
