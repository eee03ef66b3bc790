"""The CloudEvents 1.0 context of an event, apart from its payload."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from evermodel.common.events.payload import Payload
from evermodel.common.kernel.ids import EventId, LifecycleId

P_co = TypeVar("P_co", bound=Payload, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMeta:
    """Who said it, when in event time, and what it follows from."""

    id: EventId
    type: str
    source: str
    subject: str
    time: datetime
    lifecycle_id: LifecycleId | None = None
    causation_id: EventId | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Event(Generic[P_co]):
    """A decoded event: payload and context."""

    payload: P_co
    meta: EventMeta
