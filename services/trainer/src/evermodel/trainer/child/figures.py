"""How good the candidate is: threshold, metrics with intervals, and the curves behind them.

Average precision and ROC area by their definitions (checked against scikit-learn in a test),
their intervals by the bootstrap, shares by Wilson's interval. Seeded: the same scores give the
same figures.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evermodel.common.events.training import Metric
from evermodel.common.kernel.proportions import wilson

RESAMPLES = 200
#: Chance beyond each bound of an interval at 95 %, two-sided.
BEYOND = 0.025

Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int8]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Counts at each distinct score, descending: alerts and frauds among them from there up."""

    thresholds: Scores
    alerts: Weights
    frauds: Weights

    @property
    def precision(self) -> Weights:
        """Of the alerts, the share of frauds."""
        return np.divide(
            self.frauds, self.alerts, where=self.alerts > 0, out=np.zeros_like(self.alerts)
        )

    @property
    def recall(self) -> Weights:
        """Of the frauds, the share alerted."""
        return self.frauds / max(float(self.frauds[-1]), 1e-12)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows in descending order of score, with the last row of each run of equal scores."""

    scores: Scores
    labels: Labels
    ends: npt.NDArray[np.intp]

    def curve(self, weights: Weights) -> Curve:
        """Return the curve with each row counted `weights` times."""
        alerts = np.cumsum(weights)[self.ends]
        frauds = np.cumsum(weights * self.labels)[self.ends]
        return Curve(thresholds=self.scores[self.ends], alerts=alerts, frauds=frauds)


def ranked(scores: Scores, labels: Labels) -> Ranked:
    """Return the rows ranked by score."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    return Ranked(ordered, labels[order], ends)


def average_precision(curve: Curve) -> float:
    """Return the sum of precision times the recall gained, over descending thresholds."""
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def roc_area(curve: Curve) -> float:
    """Return the chance that a fraud outscores a genuine row, ties counting half."""
    genuine = curve.alerts - curve.frauds
    if not genuine[-1] or not curve.frauds[-1]:
        return float("nan")
    heights = (curve.recall + np.concatenate([[0.0], curve.recall[:-1]])) / 2
    return float(np.sum(np.diff(genuine, prepend=0.0) * heights) / genuine[-1])


def threshold_of(scores: Scores, labels: Labels, *, budget: float) -> float:
    """Return the threshold of the highest F1 among those that alert at most `budget` of rows.

    A score of at least the threshold is an alert. When no threshold keeps the budget (one score
    for too many rows) it is one that alerts nothing.
    """
    curve = ranked(scores, labels).curve(np.ones(len(scores)))
    affordable = curve.alerts <= budget * len(scores)
    if not affordable.any():
        return 1.0
    f1 = 2 * curve.frauds / (curve.alerts + curve.frauds[-1])
    return float(curve.thresholds[int(np.argmax(np.where(affordable, f1, -1.0)))])


def metrics_of(
    scores: Scores, labels: Labels, *, threshold: float, seed: int
) -> tuple[Metric, ...]:
    """Return the candidate's metrics on rows it has not seen; those without meaning are left out.

    Without frauds among the rows there is only the alert rate: no data is no success.
    """
    n, frauds = len(labels), int((labels == 1).sum())
    alerts = scores >= np.float32(threshold)
    caught = int((alerts & (labels == 1)).sum())
    found = [_share("alert_rate", int(alerts.sum()), n)]
    if alerts.any():
        found.append(_share("precision", caught, int(alerts.sum())))
    if frauds:
        found.append(_share("recall", caught, frauds))
    if 0 < frauds < n:
        found += _ranking(scores, labels, seed=seed)
    brier = float(np.mean((scores.astype(np.float64) - labels) ** 2))
    return (*found, Metric(name="brier", value=brier, n=n))


def _share(name: str, successes: int, n: int) -> Metric:
    lower, upper = wilson(successes, n=n, beyond=BEYOND)
    return Metric(name=name, value=successes / n if n else 0.0, lower=lower, upper=upper, n=n)


def _ranking(scores: Scores, labels: Labels, *, seed: int) -> list[Metric]:
    rows, n = ranked(scores, labels), len(labels)
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        weights = np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)
        curve = rows.curve(weights)
        if 0 < curve.frauds[-1] < n:
            drawn.append((average_precision(curve), roc_area(curve)))
    whole = rows.curve(np.ones(n))
    values = (average_precision(whole), roc_area(whole))
    low, high = np.quantile(np.array(drawn or [values]), [0.025, 0.975], axis=0)
    return [
        Metric(name=name, value=values[i], lower=float(low[i]), upper=float(high[i]), n=n)
        for i, name in enumerate(("average_precision", "roc_auc"))
    ]


def reliability(
    scores: Scores, labels: Labels, *, bins: int = 10
) -> list[tuple[float, float, int]]:
    """Return mean score, share of frauds and rows of groups of rising score, for the picture."""
    order = np.argsort(scores, kind="stable")
    groups = [g for g in np.array_split(order, bins) if len(g)]
    return [(float(scores[g].mean()), float((labels[g] == 1).mean()), len(g)) for g in groups]
