"""The gates against the champion: not worse, or better, over all frauds and slice by slice."""

from collections.abc import Sequence
from typing import assert_never

from evermodel.registrar.domain.evidence import Comparison, Confusion, NoComparison, Slice
from evermodel.registrar.domain.gate import Demand, Gate, Policy, answer_of, too_few
from evermodel.registrar.domain.intervals import paired_difference


def relative(
    found: Comparison | NoComparison, *, policy: Policy, demand: Demand
) -> tuple[Gate, ...]:
    """Return the gates that the champion on the same rows allows to be asked."""
    match found:
        case NoComparison(reason, expected):
            return (Gate(name=demand, answer="no_evidence", required=expected, detail=reason),)
        case Comparison():
            return (_against(found, policy=policy, demand=demand), *_slices(found.slices, policy))
        case _:
            assert_never(found)


def _against(found: Comparison, *, policy: Policy, demand: Demand) -> Gate:
    """Compare recall at equally many alerts, paired on the frauds.

    With equally many alerts the one that catches more frauds is also the more precise, so one
    question covers both. Not worse: the lower bound stays above minus the margin. Better: it
    stays above nought. A candidate that catches nothing is worse than any champion, though at
    no alerts, or at a few that are all wrong, the champion catches as little.
    """
    paired, bound = found.paired, -policy.margin if demand == "not_worse" else 0.0
    n = paired.frauds
    if n < policy.min_frauds:
        detail = too_few(n, policy=policy)
        return Gate(
            name=demand, answer="no_evidence", required=True, bound=bound, n=n, detail=detail
        )
    interval = paired_difference(paired.gained, lost=paired.lost, n=n, confidence=policy.confidence)
    proved = interval.lower >= bound if demand == "not_worse" else interval.lower > bound
    blind = paired.both + paired.gained == 0
    return Gate(
        name=demand,
        answer=answer_of(pass_=proved and not blind, fail=interval.upper < 0 or blind),
        required=True,
        interval=interval,
        bound=bound,
        n=n,
        detail=f"catches {paired.gained} frauds the champion misses, misses {paired.lost} it "
        f"catches; {_own_threshold(found.champion)}",
    )


def _own_threshold(champion: Confusion) -> str:
    return (
        f"at its own threshold the champion alerts {champion.alerts} of {champion.rows} rows "
        f"and catches {champion.true_positives} of {champion.frauds} frauds"
    )


def _slices(slices: Sequence[Slice], policy: Policy) -> tuple[Gate, ...]:
    """Ask of each slice whether it is surely worse by more than its margin.

    Bonferroni: with many slices one looks bad by chance, so each is asked at a confidence that
    keeps the chance of any false alarm at the policy's.
    """
    asked = [part for part in slices if part.paired.frauds]
    confidence = 1 - (1 - policy.confidence) / max(1, len(asked))
    return tuple(_slice(part, policy=policy, confidence=confidence) for part in asked)


def _slice(part: Slice, *, policy: Policy, confidence: float) -> Gate:
    paired, bound = part.paired, -policy.slice_margin
    interval = paired_difference(
        paired.gained, lost=paired.lost, n=paired.frauds, confidence=confidence
    )
    return Gate(
        name=f"slice:{part.column}={part.level}",
        answer=answer_of(pass_=interval.lower >= bound, fail=interval.upper < bound),
        required=False,
        interval=interval,
        bound=bound,
        n=paired.frauds,
    )
