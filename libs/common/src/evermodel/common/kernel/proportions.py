"""How sure a share is: one formula for every service that states one.

Owns Wilson's interval. Must never decide what an interval means.
"""

from math import sqrt
from statistics import NormalDist


def wilson(successes: int, *, n: int, beyond: float) -> tuple[float, float]:
    """Return the score interval of a share of `n` trials (Wilson 1927); without trials [0, 1].

    `beyond`: the chance left beyond *each* bound. 0.05 gives two one-sided bounds at 95 %, which
    hold 90 % between them; 0.025 a two-sided interval at 95 %.
    """
    if n == 0:
        return 0.0, 1.0
    z, share = -NormalDist().inv_cdf(beyond), successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
