"""Exact tails of small counts and the noise of shares: what the judge's bounds are made of."""

import math
from collections.abc import Callable
from itertools import takewhile

#: A term this far below the largest, in logs, is no part of a sum any more: floats tell 37 apart.
_NEGLIGIBLE = 60.0

#: More rows than that count for so many: evidence is only made less of, and sums have an end.
MOST_ROWS = 100_000_000


def poisson_at_least(count: int, mean: float) -> float:
    """Return P(X >= count) for a Poisson X. Exact: a normal bound lies where alerts are few."""
    return 1.0 if count <= 0 else 1.0 - poisson_at_most(count - 1, mean)


def poisson_at_most(count: int, mean: float) -> float:
    """Return P(X <= count) for a Poisson X with `mean` > 0, summed in logs."""
    if mean <= 0.0:
        return 1.0
    scale = scaled_down(max(count, mean))
    count, mean = math.floor(count * scale), mean * scale

    def log_pmf(k: int) -> float:
        return k * math.log(mean) - mean - math.lgamma(k + 1)

    logs = weighty(log_pmf, last=max(count, 0), peak=math.floor(mean))
    return min(1.0, math.fsum(math.exp(value) for value in logs))


def scaled_down(rows: float) -> float:
    """Return by what `rows` and all that is held against them are taken times."""
    return min(1.0, MOST_ROWS / max(rows, 1))


def weighty(log_term: Callable[[int], float], *, last: int, peak: int) -> list[float]:
    """Return ``log_term(k)`` for the `k` from 0 to `last` that count in the sum of what they log.

    They rise up to `peak` and fall behind it. Of a hundred million rows some ten thousand count:
    to sum them all would keep a version that fails each of them serving for minutes.
    """
    top = min(max(peak, 0), last)
    least = log_term(top) - _NEGLIGIBLE
    down, up = (map(log_term, ks) for ks in (range(top, -1, -1), range(top + 1, last + 1)))
    return [log for side in (down, up) for log in takewhile(lambda log: log >= least, side)]


def share_variance(*, hits: int, rows: int) -> float:
    """Return the variance of one row's indicator, smoothed so that no rows never means none."""
    share = (hits + 1) / (rows + 2)
    return share * (1.0 - share)


def cumulative(histogram: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many lie in each bin or below it, without the last, which is all of them."""
    total, sums = 0, []
    for count in histogram[:-1]:
        total += count
        sums.append(total)
    return tuple(sums)
