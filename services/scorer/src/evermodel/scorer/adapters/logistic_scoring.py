"""Models that are one logistic formula in a file: drills and tests without TensorFlow.

A bundle is a folder with ``logistic.json``: ``{"bias": -4.0, "weights": {"TX_AMOUNT": 0.02}}``.
Null counts as 0. It answers the same contract suite as TensorFlow does.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evermodel.scorer.ports import BundleRefused, Columns, LoadedVersion


class LogisticScoring:
    """Loads formulas."""

    def __init__(self, *, digest_of: Callable[[Path], str]) -> None:
        self._digest_of = digest_of

    def load(self, bundle: Path, *, digest: str) -> LoadedVersion:
        found = self._digest_of(bundle)
        if found != digest:
            raise BundleRefused(f"{bundle.name} has the digest {found}, not {digest}")
        try:
            formula = json.loads((bundle / "logistic.json").read_bytes())
            return Logistic(bias=float(formula["bias"]), weights=formula["weights"])
        except (OSError, ValueError, KeyError) as error:
            raise BundleRefused(f"{bundle.name}: no formula to load: {error}") from error


class Logistic:
    """One formula: the probability is the logistic of a weighted sum."""

    unasked = None  # it shares the fate of its process

    def __init__(self, *, bias: float, weights: Mapping[str, float]) -> None:
        self._bias = bias
        self._weights = weights

    def score(self, columns: Columns) -> Sequence[float]:
        rows = len(next(iter(columns.values())))
        total: NDArray[np.float64] = np.full(rows, self._bias)
        for name, weight in self._weights.items():
            total += weight * np.nan_to_num(columns[name].astype(np.float64))
        return [float(score) for score in 1.0 / (1.0 + np.exp(-total))]
