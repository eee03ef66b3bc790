"""The gates a candidate passes, fails, or cannot be judged at.

Owns the questions and their three answers (docs/decisions/: no evidence is not a pass). Must
never touch a model, a file or a registry: evidence in, gates out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from evermodel.registrar.domain.evidence import (
    Comparison,
    Confusion,
    Evaluated,
    Evaluation,
    NoComparison,
    NotEvaluated,
    Slice,
    Unloadable,
)
from evermodel.registrar.domain.intervals import Interval, paired_difference, wilson

Answer = Literal["pass", "fail", "no_evidence"]
Demand = Literal["not_worse", "better"]

#: Largest difference between the exported artefact and the scores at training: float32 sums
#: in another order differ by about 1e-6, a wrong look-up table by far more than 1e-4.
PARITY_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The bounds, as ``model.toml`` states them under [gates] and [decision]."""

    recall_floor: float
    precision_floor: float
    margin: float
    confidence: float
    min_frauds: int
    slice_margin: float
    alert_budget: float
    alert_ratio: float
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One question and its answer. Unless `required`, no evidence does not block."""

    name: str
    answer: Answer
    required: bool
    interval: Interval | None = None
    value: float | None = None
    bound: float | None = None
    n: int = 0
    detail: str = ""


def ask(
    evaluation: Evaluation, *, policy: Policy, demand: Demand, quarantined: bool
) -> tuple[Gate, ...]:
    """Return every gate that the evaluation allows to be asked, in order."""
    allowed = _quarantine(quarantined)
    match evaluation:
        case NotEvaluated(problem):
            return (
                allowed,
                Gate(name="loads", answer="no_evidence", required=True, detail=problem),
            )
        case Unloadable(problem):
            return (allowed, Gate(name="loads", answer="fail", required=True, detail=problem))
        case Evaluated():
            return (
                allowed,
                *_sound(evaluation, policy=policy),
                *_absolute(evaluation.candidate, policy=policy),
                *_relative(evaluation.comparison, policy=policy, demand=demand),
            )
        case _:
            assert_never(evaluation)


def _quarantine(quarantined: bool) -> Gate:  # noqa: FBT001  # the one thing it is about
    return Gate(
        name="quarantine",
        answer="fail" if quarantined else "pass",
        required=True,
        detail="this very artefact was taken back before" if quarantined else "",
    )


def _sound(found: Evaluated, *, policy: Policy) -> tuple[Gate, ...]:
    problem = found.signature_problem
    signature: Answer = "fail" if problem else "pass"
    return (
        Gate(name="loads", answer="pass", required=True),
        Gate(name="signature", answer=signature, required=True, detail=problem),
        _parity(found.parity),
        _latency(found.latency_ms, bound=policy.latency_ms),
    )


def _parity(largest: float | None) -> Gate:
    if largest is None:
        detail = "the scores at training were not kept"
        return Gate(name="parity", answer="no_evidence", required=False, detail=detail)
    held = largest <= PARITY_TOLERANCE
    return Gate(
        name="parity",
        answer="pass" if held else "fail",
        required=True,
        # What lies under the tolerance is rounding and differs between machines.
        value=None if held else largest,
        bound=PARITY_TOLERANCE,
        detail="" if held else "the exported artefact scores otherwise than the model trained",
    )


def _latency(milliseconds: float, *, bound: float) -> Gate:
    """Judge wall time, but keep it out of `value`: replaying must give the same record."""
    held = milliseconds <= bound
    return Gate(
        name="latency",
        answer="pass" if held else "fail",
        required=True,
        bound=bound,
        detail="" if held else f"a batch took {milliseconds:.0f} ms",
    )


def _absolute(found: Confusion, *, policy: Policy) -> tuple[Gate, ...]:
    return (
        _floor("recall_floor", policy.recall_floor, found, of=found.frauds, policy=policy),
        _floor("precision_floor", policy.precision_floor, found, of=found.alerts, policy=policy),
        _alert_budget(found, policy=policy),
    )


def _floor(name: str, floor: float, found: Confusion, *, of: int, policy: Policy) -> Gate:
    """Ask whether true positives among `of` rows reach `floor`; a floor of 0 asks nothing."""
    required = floor > 0
    if found.frauds < policy.min_frauds or of == 0:
        detail = _too_few(found.frauds, policy=policy) if of else "it alerts nothing"
        return Gate(
            name=name, answer="no_evidence", required=required, bound=floor, n=of, detail=detail
        )
    interval = wilson(found.true_positives, n=of, confidence=policy.confidence)
    answer = _answer(pass_=interval.lower >= floor, fail=interval.upper < floor)
    return Gate(name=name, answer=answer, required=required, interval=interval, bound=floor, n=of)


def _alert_budget(found: Confusion, *, policy: Policy) -> Gate:
    """Fail a candidate that surely alerts more than its budget allows.

    Without it a candidate that alerts everything would catch every fraud.
    """
    bound = min(1.0, policy.alert_budget * policy.alert_ratio)
    if found.rows == 0:
        return Gate(name="alert_budget", answer="no_evidence", required=False, bound=bound)
    interval = wilson(found.alerts, n=found.rows, confidence=policy.confidence)
    return Gate(
        name="alert_budget",
        answer=_answer(pass_=interval.value <= bound, fail=interval.lower > bound),
        required=False,
        interval=interval,
        bound=bound,
        n=found.rows,
    )


def _relative(
    found: Comparison | NoComparison, *, policy: Policy, demand: Demand
) -> tuple[Gate, ...]:
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
    stays above nought.
    """
    paired, bound = found.paired, -policy.margin if demand == "not_worse" else 0.0
    n = paired.frauds
    if n < policy.min_frauds:
        detail = _too_few(n, policy=policy)
        return Gate(
            name=demand, answer="no_evidence", required=True, bound=bound, n=n, detail=detail
        )
    interval = paired_difference(paired.gained, lost=paired.lost, n=n, confidence=policy.confidence)
    proved = interval.lower >= bound if demand == "not_worse" else interval.lower > bound
    return Gate(
        name=demand,
        answer=_answer(pass_=proved, fail=interval.upper < 0),
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
        answer=_answer(pass_=interval.lower >= bound, fail=interval.upper < bound),
        required=False,
        interval=interval,
        bound=bound,
        n=paired.frauds,
    )


def _answer(*, pass_: bool, fail: bool) -> Answer:
    return "pass" if pass_ else "fail" if fail else "no_evidence"


def _too_few(frauds: int, *, policy: Policy) -> str:
    return f"{frauds} frauds in the hold-out, {policy.min_frauds} needed"
