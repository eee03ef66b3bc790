"""Admission as it lies in the state topic, and causes to and from the loop's form."""

from dataclasses import asdict

from pydantic import TypeAdapter

from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.ids import EventId, LifecycleId
from evermodel.trainer.domain.admission import Admission, Cause

_ADMISSION = TypeAdapter(Admission)


def dumped(state: Admission) -> bytes:
    """Return `state` as JSON that a person can read too: `pending`, `in_flight` null when idle."""
    return _ADMISSION.dump_json(state)


def loaded(value: bytes) -> Admission:
    """Return what `dumped` wrote; ``ValidationError`` when it is something else."""
    return _ADMISSION.validate_json(value)


def cause_of(meta: EventMeta) -> Cause:
    """Return the context of an event as the domain keeps it."""
    return Cause(**asdict(meta))


def meta_of(cause: Cause) -> EventMeta:
    """Return the context again, as the loop takes it."""
    return EventMeta(
        id=EventId(cause.id),
        type=cause.type,
        source=cause.source,
        subject=cause.subject,
        time=cause.time,
        lifecycle_id=None if cause.lifecycle_id is None else LifecycleId(cause.lifecycle_id),
        causation_id=None if cause.causation_id is None else EventId(cause.causation_id),
        traceparent=cause.traceparent,
    )
