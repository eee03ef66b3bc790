"""What the events a process has committed say in numbers: verdicts, trainings, gates, steps.

Owns the mapping from lifecycle events to metrics, so that no handler counts what it says. Must
never be told of an event before it is committed: what was undone did not happen.
"""

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.observability.metrics import Metrics


def note(metrics: Metrics, said: Payload) -> None:
    """Count what `said` tells; events of other kinds tell nothing here."""
    match said:
        case TransactionsWindowed():
            _window(metrics, said)
        case DriftDetected():
            _verdict(metrics, said)
        case OutcomesMatured():
            _outcomes(metrics, said)
        case ModelTrained():
            metrics.count("trainings", model=said.model, outcome=said.outcome)
            metrics.set("training_rows", said.rows, model=said.model)
        case ModelValidated():
            _validation(metrics, said)
        case RolloutStep():
            _step(metrics, said)
        case _:
            pass


def _window(metrics: Metrics, said: TransactionsWindowed) -> None:
    metrics.count("windows", model=said.model, quality=said.quality)
    metrics.set("window_rows", said.counters.rows, model=said.model)
    metrics.count("late_rows", said.late_rows, model=said.model)


def _verdict(metrics: Metrics, said: DriftDetected) -> None:
    metrics.count("drift_verdicts", model=said.model, cause=said.cause, severity=said.severity)
    for found in said.evidence:
        metrics.set("drift_effect", found.effect, model=said.model, feature=found.feature)
        metrics.set("drift_gate", found.gate, model=said.model, feature=found.feature)


def _outcomes(metrics: Metrics, said: OutcomesMatured) -> None:
    for one in said.versions:
        for outcome, rows in (
            ("true_positive", one.true_positives),
            ("false_positive", one.false_positives),
            ("false_negative", one.false_negatives),
            ("true_negative", one.true_negatives),
        ):
            version = str(one.version)
            metrics.count(
                "outcomes", rows, model=said.model, model_version=version, outcome=outcome
            )


def _validation(metrics: Metrics, said: ModelValidated) -> None:
    metrics.count("validations", model=said.model, outcome=said.verdict)
    for gate in said.gates:
        # A slice's name holds a level of a column: there may be any number of those.
        name = gate.gate.partition(":")[0]
        metrics.count("gates", model=said.model, gate=name, outcome=gate.verdict)


def _step(metrics: Metrics, said: RolloutStep) -> None:
    metrics.count("rollout_steps", model=said.model, action=said.action)
    if said.commit is not None:
        metrics.count("git_commits", model=said.model, kind=_kind(said))


def _kind(said: RolloutStep) -> str:
    """Return what a step's commit is for; ``late``: a promotion that Git had not answered before.

    A version is taken back before Git is told, so a step of its own tells of that commit: it
    goes to an older version.
    """
    if not said.only_tells_of_git:
        return "promote"
    return "rollback" if (said.from_version or 0) > said.version else "late"
