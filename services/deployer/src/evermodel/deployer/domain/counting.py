"""Exact tails of small counts and the noise of shares: what the judge's bounds are made of."""

import math


def poisson_at_least(count: int, mean: float) -> float:
    """Return P(X >= count) for a Poisson X. Exact: a normal bound lies where alerts are few."""
    return 1.0 if count <= 0 else 1.0 - poisson_at_most(count - 1, mean)


def poisson_at_most(count: int, mean: float) -> float:
    """Return P(X <= count) for a Poisson X with `mean` > 0, summed in logs."""
    if mean <= 0.0:
        return 1.0
    logs = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(max(count, 0) + 1))
    return min(1.0, math.fsum(math.exp(value) for value in logs))


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
