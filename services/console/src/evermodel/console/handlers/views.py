"""The shapes people ask for: a model now, one lifecycle, one event. Plain values, JSON-ready."""

from dataclasses import dataclass, field
from datetime import datetime

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload


@dataclass(frozen=True, slots=True)
class EventView:
    """One event as it was said."""

    id: str
    type: str
    topic: str
    source: str
    model: str
    time: datetime
    lifecycle_id: str | None
    causation_id: str | None
    summary: str
    data: Payload


@dataclass(slots=True)
class LifecycleView:
    """One turn of the loop, from the verdict that began it to the last step."""

    id: str
    model: str
    started: datetime
    last: datetime
    events: list[EventView] = field(default_factory=list)


@dataclass(slots=True)
class ModelView:
    """What one model is doing now, by the newest event of each kind."""

    model: str
    newest: dict[str, EventView] = field(default_factory=dict)
    events: int = 0

    def keep(self, event: EventView) -> None:
        """Take `event` as the newest of its kind unless a later one is known."""
        before = self.newest.get(event.type)
        if before is None or before.time <= event.time:
            self.newest[event.type] = event
        self.events += 1


def view_of(payload: Payload, meta: EventMeta, *, topic: str, summary: str) -> EventView:
    """Return `payload` and its context as a view."""
    return EventView(
        id=meta.id,
        type=meta.type,
        topic=topic,
        source=meta.source,
        model=payload.model,
        time=meta.time,
        lifecycle_id=meta.lifecycle_id,
        causation_id=meta.causation_id,
        summary=summary,
        data=payload,
    )
