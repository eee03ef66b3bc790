"""Wide bands around the champion on the same rows: floods, silence, another world of scores."""

import math

from evermodel.deployer.domain.counting import (
    cumulative,
    poisson_at_least,
    poisson_at_most,
    share_variance,
)
from evermodel.deployer.domain.evidence import Pair
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.verdicts import Finding, Verdict

#: A champion alerting beyond its budget by this factor has drifted: no yardstick any more.
OVER_BUDGET = 1.5


def alert_rate(rows: Pair, policy: Policy) -> Finding:
    """Return whether the challenger floods the analysts, or has gone silent.

    Above: `alert_rate_ratio` times the champion's rate or the alert budget, whichever is more.
    Below: the square of that ratio under the lesser of the two, because fewer alerts than a
    drifted champion's are what a retrain is for, and labels judge what was missed.
    """
    n, count = rows.challenger.answered, rows.challenger.alerts
    rate, champion = _share(count, n), _share(rows.champion.alerts, rows.champion.answered)
    upper = min(1.0, policy.alert_rate_ratio * max(champion, policy.alert_budget))
    lower = min(champion, policy.alert_budget) / policy.alert_rate_ratio**2
    verdict: Verdict = "pass" if n else "no_evidence"
    bound = upper if rate >= lower else lower
    flood = rate > upper and _rare_above(count, n * upper, policy)
    silence = rate < lower and _rare_below(count, n * lower, policy)
    if flood or silence:
        verdict = "fail"
    return Finding(
        check="alert_rate",
        verdict=verdict,
        value=rate,
        bound=bound,
        n=n,
        detail=f"it alerts on {rate:.2%} of {n} rows, the champion on {champion:.2%} of the same "
        f"(allowed {lower:.2%} to {upper:.2%})",
    )


def score_distance(rows: Pair, policy: Policy) -> Finding:
    """Return whether the two score distributions lie too far apart (Kolmogorov, 20 bins)."""
    n = min(rows.champion.answered, rows.challenger.answered)
    value, bound = _furthest(rows, policy) if n else (0.0, policy.score_distance)
    champion = _share(rows.champion.alerts, rows.champion.answered)
    yardstick = champion <= OVER_BUDGET * policy.alert_budget
    verdict: Verdict = "no_evidence" if n == 0 else "pass"
    if n and value > bound and yardstick:
        verdict = "fail"
    note = "" if yardstick else "; the champion is over its alert budget and no yardstick"
    return Finding(
        check="score_distance",
        verdict=verdict,
        value=value,
        bound=bound,
        n=n,
        detail=f"its scores lie {value:.3f} from the champion's (allowed {bound:.3f}){note}",
    )


def _furthest(rows: Pair, policy: Policy) -> tuple[float, float]:
    """Return the distance at the edge that is furthest over its bound, and that bound."""
    a, b = rows.champion, rows.challenger
    edges = []
    for x, y in zip(cumulative(a.histogram), cumulative(b.histogram), strict=True):
        value = abs(x / a.answered - y / b.answered)
        spread = share_variance(hits=x, rows=a.answered) + share_variance(hits=y, rows=b.answered)
        noise = policy.noise * math.sqrt(policy.clustering * spread / a.answered)
        edges.append((value, policy.score_distance + noise))
    return max(edges, key=lambda edge: edge[0] - edge[1])


def _rare_above(count: int, mean: float, policy: Policy) -> bool:
    """Return whether so many are out of the question, rows of one customer counting less."""
    scaled = math.floor(count / policy.clustering)
    return poisson_at_least(scaled, mean / policy.clustering) < policy.look_alpha


def _rare_below(count: int, mean: float, policy: Policy) -> bool:
    scaled = math.ceil(count / policy.clustering)
    return poisson_at_most(scaled, mean / policy.clustering) < policy.look_alpha


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0
