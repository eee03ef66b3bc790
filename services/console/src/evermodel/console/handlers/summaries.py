"""Each event in one sentence, for a person at three in the morning."""

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsPartial, TransactionsWindowed


def summary_of(payload: Payload) -> str:  # noqa: PLR0911  # one line per kind of event
    """Return what `payload` says, in one sentence."""
    match payload:
        case DriftDetected():
            return f"{payload.cause} {payload.severity}: {payload.reason}"
        case ModelTrained(outcome="failed"):
            return f"training failed: {payload.reason}"
        case ModelTrained():
            return f"trained on {payload.rows:,} rows ({payload.frauds:,} frauds)"
        case ModelValidated():
            return f"{payload.verdict}: {'; '.join(payload.reasons)}"
        case RolloutStep():
            shares = ", ".join(f"v{v.version} {v.weight} %" for v in payload.in_play)
            return f"{payload.action} v{payload.version} ({shares}): {payload.reason}"
        case TransactionsWindowed():
            return f"{payload.counters.rows:,} rows, quality {payload.quality}"
        case OutcomesMatured():
            return (
                f"{payload.labelled:,} of {payload.rows:,} rows labelled, {payload.frauds} frauds"
            )
        case ServingApplied():
            return (
                ", ".join(f"v{v.version} {v.state}" for v in payload.versions) or "nothing served"
            )
        case LifecycleCommand():
            return f"{payload.who} asked to {payload.command}: {payload.why}"
        case TransactionsPartial():
            return f"{payload.stream} partition {payload.partition} is past the window"
        case _:
            return type(payload).__name__
