"""What a model's own training windows say is normal: the calibration of every later verdict.

Each training window is compared with a reference that leaves it out, so that the history shows
how far a *new* sound window lies from the reference, its customers' habits included.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Fewer comparisons than this are no history: the gate falls back on its cold-start form.
MIN_WINDOWS = 8

#: Spread below this much probability is no spread: a tenth of a percent moves no decision.
MIN_SPREAD = 1e-3

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureHistory:
    """One feature over past sound windows.

    `mean`, `spread`: of its effect size against the rest; `windows`: how many were compared.
    `design`: design effect, by how much rows that belong together inflate chance (1 = none).
    `nulls`, `unseen`, `dominant`: highest share of nulls, of levels seen in no other window,
    and of any one value, in one window.
    """

    mean: float
    spread: float
    windows: int
    design: float
    nulls: float
    unseen: float
    dominant: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHistory:
    """The champion's alert rate over `windows` windows."""

    mean: float
    spread: float
    windows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Rows of a window of one class."""

    lowest: int
    highest: int
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The whole. `quantile` (c of the gate) is None when there were too few windows.

    `volume` is by window class, and over all of them under ``"all"``.
    """

    windows: int
    quantile: float | None
    features: Mapping[str, FeatureHistory]
    volume: Mapping[str, Volume]
    alerts: AlertHistory | None = None


def gate_quantile(effects: Matrix, *, quantile: float) -> float | None:
    """Return c: the `quantile` of each window's largest standardised effect.

    `effects`: windows by features, NaN where a window could not be compared. Every window is
    standardised by the *other* windows, as a new one will be. Where `quantile` lies beyond the
    largest of so few windows it is extrapolated along a Gumbel tail, the limit law of maxima.
    """
    usable = effects[:, (~np.isnan(effects)).sum(axis=0) >= MIN_WINDOWS]
    usable = usable[(~np.isnan(usable)).any(axis=1)] if usable.size else usable
    if len(usable) < MIN_WINDOWS:
        return None
    largest = np.nanmax(_standardised_by_the_others(usable), axis=1)
    windows = len(largest)
    if windows * (1 - quantile) >= 1:
        return float(np.quantile(largest, quantile, method="higher"))
    scale = float(largest.std(ddof=1)) * np.sqrt(6) / np.pi
    return float(largest.max() + scale * np.log(1 / ((1 - quantile) * windows)))


def _standardised_by_the_others(effects: Matrix) -> Matrix:
    known = ~np.isnan(effects)
    values = np.where(known, effects, 0.0)
    others = known.sum(axis=0) - known
    mean = (values.sum(axis=0) - values) / others
    squares = ((values**2).sum(axis=0) - values**2) / others - mean**2
    variance = np.maximum(squares, 0.0) * others / np.maximum(others - 1, 1)
    spread = spread_of_a_new_window(np.sqrt(variance), others)
    return np.where(known, (effects - mean) / spread, np.nan)


def spread_of_a_new_window(spread: Matrix, windows: npt.NDArray[np.int_]) -> Matrix:
    """Return the standard deviation of a new effect around the mean of `windows` past ones."""
    return np.maximum(spread, MIN_SPREAD) * np.sqrt(1 + 1 / windows)


def mean_and_spread(values: npt.NDArray[np.float64]) -> tuple[float, float, int]:
    """Return mean, standard deviation (n - 1) and number of the values that are not NaN."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0, 0.0, 0
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else 0.0, len(known)
