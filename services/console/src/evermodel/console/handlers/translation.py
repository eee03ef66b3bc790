"""Events as people read them: one sentence each.

Owns the sentences. Must never hide a number: the full event stands beside each.
"""

from evermodel.common.events.codec import format_time
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.console.domain.facts import Fact, Serving, Share

#: Left out of what is kept: thousands of counts a window, which no page lists.
_BULKY = {"counters", "lake"}


def fact_of(event: Event[Payload], *, topic: str) -> Fact:
    """Return `event` as the console keeps it."""
    payload, meta = event.payload, event.meta
    return Fact(
        id=meta.id,
        type=meta.type,
        topic=topic,
        model=payload.model,
        time=format_time(meta.time),
        lifecycle_id=meta.lifecycle_id,
        causation_id=meta.causation_id,
        headline=headline(payload),
        body=payload.model_dump(mode="json", exclude=_BULKY),
    )


def serving_of(event: Event[RolloutStep]) -> Serving:
    """Return what a rollout step says is serving."""
    step = event.payload
    return Serving(
        model=step.model,
        since=format_time(event.meta.time),
        action=step.action,
        reason=step.reason,
        version=step.version,
        stable_version=step.stable_version,
        desired_version=step.desired_version,
        commit=step.commit,
        step=step.step,
        in_play=tuple(Share(version=v.version, role=v.role, weight=v.weight) for v in step.in_play),
        quarantined=step.quarantined,
        event_id=event.meta.id,
    )


def headline(payload: Payload) -> str:  # noqa: PLR0911  # one sentence for each kind of event
    """Return `payload` in a sentence."""
    match payload:
        case TransactionsWindowed():
            return f"{payload.counters.rows} rows, quality {payload.quality}"
        case OutcomesMatured():
            return f"{payload.labelled} of {payload.rows} labelled, {payload.frauds} frauds"
        case DriftDetected():
            return f"{payload.cause}, {payload.severity}: {payload.reason}"
        case ModelTrained():
            return f"{payload.outcome} on {payload.rows} rows: {payload.reason}"
        case ModelValidated():
            which = f"v{payload.version}" if payload.version else "candidate"
            return f"{which} {payload.verdict}: {'; '.join(payload.reasons[:3])}"
        case RolloutStep():
            shares = ", ".join(f"v{v.version} {v.weight} %" for v in payload.in_play)
            return f"v{payload.version} {payload.action} ({shares}): {payload.reason}"
        case ServingApplied():
            states = ", ".join(f"v{v.version} {v.state}" for v in payload.versions)
            return f"replica {payload.replica}: {states}"
        case LifecycleCommand():
            return f"{payload.command} by {payload.who}: {payload.why}"
        case _:
            return type(payload).__name__
