"""Intervals for proportions, alone and paired.

Owns the formulas. Every bound is one-sided at the stated confidence, so an interval at 0.95
holds 90 % from both sides. Must never see a model or a policy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist

from evermodel.common.kernel.proportions import wilson

#: Bisection halves [-1, 1] this often: well below the digits that are kept.
_HALVINGS = 60
#: Digits kept, so that a last bit of the platform's libm never reaches a decision record.
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between its one-sided bounds."""

    value: float
    lower: float
    upper: float


def proportion(successes: int, *, n: int, confidence: float) -> Interval:
    """Return a proportion of `n` > 0 trials between its one-sided bounds (Wilson 1927)."""
    lower, upper = wilson(successes, n=n, beyond=1.0 - confidence)
    return _interval(successes / n, lower=lower, upper=upper)


def paired_difference(gained: int, *, lost: int, n: int, confidence: float) -> Interval:
    """Return the score interval of ``(gained - lost) / n`` over `n` > 0 pairs (Tango 1998).

    `gained` pairs changed from failure to success, `lost` the other way; the pairs on which
    both agree carry no evidence of a difference. It inverts McNemar's test, so it holds at
    the small discordant counts where a normal interval does not.
    """
    z = NormalDist().inv_cdf(confidence)

    def score(difference: float) -> float:
        return _tango(difference, gained=gained, lost=lost, n=n)

    return _interval(
        (gained - lost) / n, lower=_crossing(score, level=z), upper=_crossing(score, level=-z)
    )


def _interval(value: float, *, lower: float, upper: float) -> Interval:
    return Interval(round(value, _DIGITS), round(lower, _DIGITS), round(upper, _DIGITS))


def _tango(difference: float, *, gained: int, lost: int, n: int) -> float:
    """Return the score statistic against a true `difference`; it falls as that rises."""
    linear = (2 * n - gained + lost) * difference - gained - lost
    constant = -lost * difference * (1 - difference)
    nuisance = (sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    distance = gained - lost - n * difference
    variance = n * (2 * nuisance + difference * (1 - difference))
    if variance > 0:
        return distance / sqrt(variance)
    return 0.0 if distance == 0 else inf if distance > 0 else -inf


def _crossing(falling: Callable[[float], float], *, level: float) -> float:
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if falling(middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
