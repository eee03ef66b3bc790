"""A sequential test by betting: evidence that may be looked at after every single row.

Each discordant row (exactly one of two versions raised the alert) is a coin. The null says the
coin favours one side with probability at most `p0`; the bet is a mixture over every larger
probability, uniform on [p0, 1]. The wealth is a non-negative supermartingale under the null, so
by Ville's inequality it ever reaches 1/alpha with probability at most alpha, however often one
looks and whenever one stops. (Robbins 1970; Ramdas et al., "Game-theoretic statistics and
safe anytime-valid inference", 2023.)
"""

import math


def log_wealth(heads: int, tails: int, *, p0: float = 0.5) -> float:
    """Return the natural log of the bettor's wealth after `heads` and `tails`.

    wealth = integral over p in [p0, 1] of p^h (1-p)^t / (1-p0), over p0^h (1-p0)^t, where
    the integral is B(h+1, t+1) * P(Binomial(n+1, p0) <= h).
    """
    n = heads + tails
    if n == 0:
        return 0.0
    log_beta = math.lgamma(heads + 1) + math.lgamma(tails + 1) - math.lgamma(n + 2)
    tail = _log_binomial_cdf(heads, n + 1, p0)
    stakes = heads * math.log(p0) + tails * math.log1p(-p0)
    return log_beta + tail - math.log1p(-p0) - stakes


def wealth(heads: int, tails: int, *, p0: float = 0.5) -> float:
    """Return the wealth, capped at 1e12 (beyond which a larger number says nothing more)."""
    return math.exp(min(log_wealth(heads, tails, p0=p0), math.log(1e12)))


def _log_binomial_cdf(k: int, n: int, p: float) -> float:
    """Return log P(Binomial(n, p) <= k), by summing from the largest term outward."""
    logs = [_log_pmf(i, n, p) for i in range(k + 1)]
    top = max(logs)
    return min(0.0, top + math.log(math.fsum(math.exp(value - top) for value in logs)))


def _log_pmf(k: int, n: int, p: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + k * math.log(p) + (n - k) * math.log1p(-p)
