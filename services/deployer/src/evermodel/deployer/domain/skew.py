"""Train/serve skew: does the challenger answer otherwise where it decides than where it shadows?

For a threshold x let d(rows) = share of rows the challenger scores below x, less the same for
the champion. Both score every row, so d cancels what the rows are; entities are assigned by a
hash, so d of the rows the challenger decided and d of those the champion decided have the same
expectation, unless the two serving paths feed the model differently. The statistic is the
largest difference of the two d over all thresholds; its bound is a fixed floor plus the noise.

The noise adds the variances of both versions' shares, which overstates it: their answers to a
row are positively correlated. `Policy.noise` standard errors pay for every edge and every look.
"""

import math
from dataclasses import dataclass

from evermodel.deployer.domain.counting import cumulative, share_variance
from evermodel.deployer.domain.evidence import Pair, Served, Tally
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.verdicts import Finding, Verdict

#: Below this many decided rows a share says nothing; a normal bound would be a fiction.
LEAST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    """How far apart the two groups are at one threshold, and how far they may be."""

    value: float
    bound: float

    @property
    def excess(self) -> float:
        return abs(self.value) - self.bound


def scores(step: Served, total: Served, policy: Policy) -> Finding:
    """Return whether the scores are skewed, on this step or since the start."""
    edges = [edge for served in (step, total) for edge in _score_edges(served, policy)]
    return _finding("skew_scores", edges, total, policy, what="scores")


def alerts(step: Served, total: Served, policy: Policy) -> Finding:
    """Return whether the alerts are skewed; the floor is a quarter of the alert budget."""
    floor = policy.alert_budget / 4
    edges = [
        _edge(served, _alert_hits(served), floor=floor, policy=policy)
        for served in (step, total)
        if _comparable(served)
    ]
    return _finding("skew_alerts", edges, total, policy, what="alerts")


def _finding(name: str, edges: list[_Edge], total: Served, policy: Policy, what: str) -> Finding:
    n = total.by_challenger.challenger.answered
    if not edges:
        return Finding(
            check=name,
            verdict="no_evidence",
            value=0.0,
            bound=policy.skew_floor,
            n=n,
            detail=f"too few rows decided by each to compare their {what}",
        )
    worst = max(edges, key=lambda edge: edge.excess)
    verdict: Verdict = "fail" if worst.excess > 0 else "pass"
    return Finding(
        check=name,
        verdict=verdict,
        value=worst.value,
        bound=worst.bound,
        n=n,
        detail=f"where it decides, its {what} differ by {worst.value:+.3f} from where it shadows "
        f"(allowed {worst.bound:.3f}, champion as the control)",
    )


def _comparable(served: Served) -> bool:
    tallies = (
        served.by_champion.champion,
        served.by_champion.challenger,
        served.by_challenger.champion,
        served.by_challenger.challenger,
    )
    return all(tally.answered >= LEAST_ROWS for tally in tallies)


def _score_edges(served: Served, policy: Policy) -> list[_Edge]:
    if not _comparable(served):
        return []
    below = [
        cumulative(tally.histogram)
        for pair in (served.by_challenger, served.by_champion)
        for tally in (pair.challenger, pair.champion)
    ]
    # The share *above* a threshold, so that a positive skew means higher scores.
    return [
        _edge(served, (-a, -b, -c, -d), floor=policy.skew_floor, policy=policy)
        for a, b, c, d in zip(*below, strict=True)
    ]


def _alert_hits(served: Served) -> tuple[int, int, int, int]:
    decided, shadowed = served.by_challenger, served.by_champion
    return (
        decided.challenger.alerts,
        decided.champion.alerts,
        shadowed.challenger.alerts,
        shadowed.champion.alerts,
    )


def _edge(
    served: Served, hits: tuple[int, int, int, int], *, floor: float, policy: Policy
) -> _Edge:
    decided, shadowed = served.by_challenger, served.by_champion
    value = _gap(decided, hits[0], hits[1]) - _gap(shadowed, hits[2], hits[3])
    spread = 0.0
    for own, other, left, right in (
        (decided.challenger, shadowed.challenger, hits[0], hits[2]),
        (decided.champion, shadowed.champion, hits[1], hits[3]),
    ):
        spread += _pooled(own, other, abs(left), abs(right))
    n = decided.challenger.answered
    noise = policy.noise * math.sqrt(policy.clustering * spread)
    return _Edge(value=value, bound=floor + noise + 1 / n)


def _gap(pair: Pair, challenger: int, champion: int) -> float:
    return challenger / pair.challenger.answered - champion / pair.champion.answered


def _pooled(own: Tally, other: Tally, left: int, right: int) -> float:
    """Return the variance of a difference of two shares that are equal under the null."""
    variance = share_variance(hits=left + right, rows=own.answered + other.answered)
    return variance * (1 / own.answered + 1 / other.answered)
