"""A sequential test by betting: evidence that may be looked at after every single row.

Each discordant row (exactly one of two versions raised the alert) is a coin. The null says the
coin favours one side with probability at most `p0`; the bet is a mixture over every larger
probability, uniform on [p0, 1]. The wealth is a non-negative supermartingale under the null, so
by Ville's inequality it ever reaches 1/alpha with probability at most alpha, however often one
looks and whenever one stops. (Robbins 1970; Ramdas et al., "Game-theoretic statistics and
safe anytime-valid inference", 2023.)
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial

from evermodel.deployer.domain.counting import scaled_down, weighty

#: Ratios of two rates over which a bet on an excess is spread evenly.
RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
#: Beyond this a larger wealth says nothing more.
MOST = 1e12
#: Stakes over which a bet on a mean is spread evenly: shares of all, which the lowest value takes.
STAKES = tuple((i + 0.5) / 256 for i in range(256))


def log_wealth(heads: int, tails: int, *, p0: float = 0.5) -> float:
    """Return the natural log of the bettor's wealth after `heads` and `tails`.

    wealth = integral over p in [p0, 1] of p^h (1-p)^t / (1-p0), over p0^h (1-p0)^t, where
    the integral is B(h+1, t+1) * P(Binomial(n+1, p0) <= h).
    """
    scale = scaled_down(heads + tails)
    heads, tails = math.floor(heads * scale), math.floor(tails * scale)
    n = heads + tails
    if n == 0:
        return 0.0
    log_beta = math.lgamma(heads + 1) + math.lgamma(tails + 1) - math.lgamma(n + 2)
    tail = _log_binomial_cdf(heads, n + 1, p0)
    stakes = heads * math.log(p0) + tails * math.log1p(-p0)
    return log_beta + tail - math.log1p(-p0) - stakes


def wealth(heads: int, tails: int, *, p0: float = 0.5) -> float:
    """Return the wealth, capped at ``MOST``."""
    return _capped(log_wealth(heads, tails, p0=p0))


def wealth_of_mean(rows: Sequence[tuple[int, float]]) -> float:
    """Return the wealth against "the mean is nought or less" after so many rows of each value.

    The lowest of `rows` is the lowest value there can be, seen or not. A bet of a fixed stake on
    the mean of bounded values is a martingale where that mean is nought, and so is its mean over
    ``STAKES`` (Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting",
    2024). With values of one and minus one it is ``wealth`` of their coins.
    """
    most = -min(value for _, value in rows)
    logs = [
        math.fsum(count * math.log1p(stake * value / most) for count, value in rows)
        for stake in STAKES
    ]
    top = max(logs)
    return _capped(top + math.log(math.fsum(math.exp(log - top) for log in logs) / len(logs)))


def wealth_of_excess(tosses: Iterable[tuple[float, float, float]], *, clustering: float) -> float:
    """Return the wealth against "heads come at their share" after (heads, tails, share) of strata.

    Under the null a coin of a stratum shows heads with probability `share`; with rates `r` times
    as high where heads lie it is r*share / (1 + (r - 1)*share), the same `r` in every stratum.
    Their likelihood ratio is a martingale, and so is its mean over ``RATIOS`` (Turner, Ly &
    Grünwald, "Generic E-variables for exact sequential k-sample tests", 2024). `clustering`
    tempers it: that many tosses of one entity count for one.
    """
    known = tuple((heads, tails, share) for heads, tails, share in tosses if 0.0 < share < 1.0)
    wealths = [
        _capped(sum(_log_ratio(*toss, ratio=ratio) for toss in known) / clustering)
        for ratio in RATIOS
    ]
    return math.fsum(wealths) / len(wealths)


def _log_ratio(heads: float, tails: float, share: float, *, ratio: float) -> float:
    return heads * math.log(ratio) - (heads + tails) * math.log1p((ratio - 1.0) * share)


def wealth_of_shift(shift: float, *, variance: float, likely: float, degrees: int) -> float:
    """Return the wealth against "the shift is zero", which was measured with `variance`.

    The bet: the true shift is normal around zero with standard deviation `likely`. With a
    variance that is itself estimated with `degrees` of freedom this is the Bayes factor of Gönen,
    Johnson, Lu & Westfall ("The Bayesian two-sample t test", 2005): its mean is 1 under the null.
    For a normal random walk it is a martingale (Robbins 1970; Johari et al., "Always valid
    inference", 2022). A mean over the same entities day after day moves less freely than such a
    walk, so by Slepian's inequality (1962) it crosses a bound no more often. A shift without any
    variance is the same everywhere: certain.
    """
    if variance <= 0.0:
        return MOST if shift else 1.0
    known = variance / (variance + likely**2)
    square = shift**2 / variance / degrees
    odds = (math.log1p(square) - math.log1p(known * square)) * (degrees + 1) / 2
    return _capped(odds + math.log(known) / 2)


def _capped(log: float) -> float:
    return math.exp(min(log, math.log(MOST)))


def _log_binomial_cdf(k: int, n: int, p: float) -> float:
    """Return log P(Binomial(n, p) <= k), by summing from the largest term outward."""
    logs = weighty(partial(_log_pmf, n=n, p=p), last=k, peak=math.floor((n + 1) * p))
    top = max(logs)
    return min(0.0, top + math.log(math.fsum(math.exp(value - top) for value in logs)))


def _log_pmf(k: int, n: int, p: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + k * math.log(p) + (n - k) * math.log1p(-p)
