"""p-values without SciPy, and the control of how many of them may be wrong.

Kolmogorov: the limiting distribution by its series, at Stephens' corrected argument (1970);
SciPy's exact tail costs up to half a second a value just when something drifts. Chi-squared:
the regularised incomplete gamma function (DLMF 8.11.4 and 8.9.2). False discoveries:
Benjamini and Hochberg (1995).
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_TINY = 1e-300
_CONVERGED = 1e-15
_TERMS = 10_000


def kolmogorov_p(distance: float, *, effective_rows: float) -> float:
    """Return the chance of a distance at least this large when nothing moved.

    `effective_rows` is n*N/(n+N), divided by the design effect.
    """
    if effective_rows <= 0:
        return 1.0
    root = math.sqrt(effective_rows)
    return _kolmogorov_tail((root + 0.12 + 0.11 / root) * distance)


def _kolmogorov_tail(x: float) -> float:
    if x <= 0:
        return 1.0
    if x < 1.18:  # the theta form converges fast where the alternating series does not
        powers = (math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8 * x * x)) for k in range(1, 6))
        return min(1.0, max(0.0, 1 - math.sqrt(2 * math.pi) / x * sum(powers)))
    signs = (1.0, -1.0) * 4
    return 2 * sum(s * math.exp(-2 * k * k * x * x) for k, s in enumerate(signs, start=1))


def chi_squared_p(statistic: float, *, degrees: int) -> float:
    """Return the chance that chi-squared with `degrees` of freedom exceeds `statistic`."""
    if degrees <= 0 or statistic <= 0:
        return 1.0
    a, x = degrees / 2, statistic / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        return max(0.0, 1.0 - scale * _lower_series(a, x))
    return min(1.0, scale * _upper_fraction(a, x))


def _lower_series(a: float, x: float) -> float:
    term = total = 1 / a
    for k in range(1, _TERMS):
        term *= x / (a + k)
        total += term
        if term < total * _CONVERGED:
            break
    return total


def _upper_fraction(a: float, x: float) -> float:
    """Lentz's evaluation of the continued fraction."""
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    value = d
    for k in range(1, _TERMS):
        step = -k * (k - a)
        b += 2
        d = 1 / _nonzero(step * d + b)
        c = _nonzero(b + step / c)
        value *= d * c
        if abs(d * c - 1) < _CONVERGED:
            break
    return value


def _nonzero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY


def homogeneity(
    window: npt.NDArray[np.int64], reference: npt.NDArray[np.int64]
) -> tuple[float, int]:
    """Return the chi-squared statistic of two samples over the same cells, and its degrees.

    Homogeneity, not goodness of fit: the reference is a sample as well, and a level it never
    saw must not make the statistic infinite.
    """
    n, total = float(window.sum()), float(reference.sum())
    if not n or not total:
        return 0.0, 0
    both = window + reference
    used = both > 0
    difference = window[used] / n - reference[used] / total
    return float(n * total * (difference**2 / both[used]).sum()), int(used.sum()) - 1


def benjamini_hochberg(p_values: Sequence[float], *, rate: float) -> list[bool]:
    """Return which hypotheses are rejected so that at most `rate` of them wrongly."""
    m = len(p_values)
    order = sorted(range(m), key=lambda i: p_values[i])
    passed = [rank for rank, i in enumerate(order, 1) if p_values[i] <= rate * rank / m]
    rejected = set(order[: passed[-1]] if passed else ())
    return [i in rejected for i in range(m)]
