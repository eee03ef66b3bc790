"""The gates a candidate meets alone: recall, precision, and the alerts its budget allows."""

from evermodel.registrar.domain.evidence import Confusion
from evermodel.registrar.domain.gate import Gate, Policy, answer_of, too_few
from evermodel.registrar.domain.intervals import proportion


def absolute(found: Confusion, *, policy: Policy) -> tuple[Gate, ...]:
    """Return the gates on the candidate's own figures."""
    return (
        _floor("recall_floor", policy.recall_floor, found, of=found.frauds, policy=policy),
        _floor("precision_floor", policy.precision_floor, found, of=found.alerts, policy=policy),
        _alert_budget(found, policy=policy),
    )


def _floor(name: str, floor: float, found: Confusion, *, of: int, policy: Policy) -> Gate:
    """Ask whether true positives among `of` rows reach `floor`; a floor of 0 asks nothing."""
    required = floor > 0
    few = found.frauds < policy.min_frauds
    if few or of == 0:
        detail = too_few(found.frauds, policy=policy) if few else "it alerts nothing"
        return Gate(
            name=name, answer="no_evidence", required=required, bound=floor, n=of, detail=detail
        )
    interval = proportion(found.true_positives, n=of, confidence=policy.confidence)
    answer = answer_of(pass_=interval.lower >= floor, fail=interval.upper < floor)
    return Gate(name=name, answer=answer, required=required, interval=interval, bound=floor, n=of)


def _alert_budget(found: Confusion, *, policy: Policy) -> Gate:
    """Fail a candidate that surely alerts more than its budget allows.

    Without it a candidate that alerts everything would catch every fraud. Without any row
    nothing is known of it, which blocks even the first model.
    """
    bound = min(1.0, policy.alert_budget * policy.alert_ratio)
    if found.rows == 0:
        detail = "the hold-out has no rows"
        return Gate(
            name="alert_budget", answer="no_evidence", required=True, bound=bound, detail=detail
        )
    interval = proportion(found.alerts, n=found.rows, confidence=policy.confidence)
    return Gate(
        name="alert_budget",
        answer=answer_of(pass_=interval.upper <= bound, fail=interval.lower > bound),
        required=False,
        interval=interval,
        bound=bound,
        n=found.rows,
    )
