"""Step 7: has the champion fallen below what it promised, whenever one looks?

The promise is what a version had in its first matured outcomes. Later cohorts are held against
it by a time-uniform confidence bound (Robbins' beta mixture: with a uniform prior, the true
rate ever leaves the interval with probability at most alpha), from every start among the last
cohorts, so that a long good past does not hide a fall. alpha is shared among the starts of one
look. That bounds a false alarm only while those are all the starts there were: over a year there
are some 365, and the promise itself is an estimate. What keeps false alarms away in the long run
is the margin a fall must exceed, which simulation shows and no formula here proves.
"""

import math
from dataclasses import dataclass, replace

from evermodel.common.events.drift import PerformanceEvidence
from evermodel.common.events.outcomes import VersionOutcomes

#: Cases that make a promise: enough that its own error is about a third of the margin.
PROMISE_CASES = 200

#: Starts that are looked from, in cohorts.
STARTS = 14

_LEAST_CASES = 20
_BISECTIONS = 50

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Track:
    """One metric of one version as (hits, cases): the promise, then the newest cohorts."""

    promise: Pair = (0, 0)
    recent: tuple[Pair, ...] = ()

    def add(self, hits: int, cases: int) -> "Track":
        """Return the track after another cohort."""
        if self.promise[1] < PROMISE_CASES:
            return replace(self, promise=(self.promise[0] + hits, self.promise[1] + cases))
        return replace(self, recent=(*self.recent, (hits, cases))[-STARTS:])


@dataclass(frozen=True, slots=True)
class Standing:
    """What a version has shown so far."""

    recall: Track = Track()
    precision: Track = Track()

    def add(self, outcome: VersionOutcomes) -> "Standing":
        """Return the standing after another cohort."""
        hits = outcome.true_positives
        return Standing(
            self.recall.add(hits, hits + outcome.false_negatives),
            self.precision.add(hits, hits + outcome.false_positives),
        )


def evidence_of(standing: Standing, *, alpha: float) -> tuple[PerformanceEvidence, ...]:
    """Return for each metric that has a promise and cases the start that is worst for it."""
    found = []
    for metric, track in (("recall", standing.recall), ("precision", standing.precision)):
        block = _worst(track, alpha)
        if block is not None:
            hits, cases, upper = block
            found.append(
                PerformanceEvidence(
                    metric=metric,
                    promised=track.promise[0] / track.promise[1],
                    observed=hits / cases,
                    upper=upper,
                    n=cases,
                )
            )
    return tuple(found)


def has_fallen(evidence: tuple[PerformanceEvidence, ...], *, margin: float) -> bool:
    """Return whether a metric is surely below its promise by more than `margin`."""
    return any(e.upper < e.promised - margin for e in evidence)


def _worst(track: Track, alpha: float) -> tuple[int, int, float] | None:
    blocks = []
    hits = cases = 0
    for more_hits, more in reversed(track.recent):
        hits, cases = hits + more_hits, cases + more
        if cases >= _LEAST_CASES:
            blocks.append((hits, cases, upper_bound(hits, cases, alpha=alpha / STARTS)))
    return min(blocks, key=lambda block: block[2]) if blocks and track.promise[1] else None


def upper_bound(hits: int, cases: int, *, alpha: float) -> float:
    """Return the time-uniform upper bound of a rate with `hits` in `cases`."""
    if hits == cases:
        return 1.0
    misses = cases - hits
    mixture = math.lgamma(hits + 1) + math.lgamma(misses + 1) - math.lgamma(cases + 2)
    low, high = hits / cases, 1.0
    for _ in range(_BISECTIONS):
        p = (low + high) / 2
        against = mixture - hits * math.log(p) - misses * math.log1p(-p) if p < 1 else math.inf
        low, high = (p, high) if against < math.log(1 / alpha) else (low, p)
    return high
