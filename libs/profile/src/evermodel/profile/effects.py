"""Effect sizes from counters alone: how much probability moved, whatever the sample size."""

import numpy as np
import numpy.typing as npt

from evermodel.profile.layout import Counts, Edges, Part

Effects = npt.NDArray[np.float64]


def effect(part: Part, window: Counts, reference: Counts) -> float:
    """Return the largest difference in probability of any event of the feature's class.

    Continuous: Kolmogorov's D over the reference's edges, nulls above every value, so that a
    shifted null share counts too. Categorical: total variation over levels, other and null.
    Arguments are the feature's distribution cells; 0 when either side has no rows.
    """
    return float(effects(part, window[np.newaxis], reference[np.newaxis])[0])


def effects(part: Part, windows: Counts, references: Counts) -> Effects:
    """Return the effect of each row of `windows` against the same row of `references`."""
    n, total = windows.sum(axis=1), references.sum(axis=1)
    known = (n > 0) & (total > 0)
    moved = (
        windows / np.maximum(n, 1)[:, np.newaxis] - references / np.maximum(total, 1)[:, np.newaxis]
    )
    if isinstance(part, Edges):
        size = np.abs(np.cumsum(moved, axis=1)).max(axis=1)
    else:
        size = np.abs(moved).sum(axis=1) / 2
    return np.where(known, np.minimum(size, 1.0), 0.0)


def effective_rows(window: Counts, reference: Counts, *, design: float) -> float:
    """Return n*N/(n+N) divided by the design effect `design` (1 = independent rows)."""
    n, total = float(window.sum()), float(reference.sum())
    return n * total / (n + total) / design if n and total else 0.0
