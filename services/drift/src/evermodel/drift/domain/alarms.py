"""A verdict that asked for a retrain: what a report for people is owed on."""

from dataclasses import dataclass
from datetime import datetime

from evermodel.common.events.drift import DriftDetected
from evermodel.common.kernel.ids import EventId, LifecycleId


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """The verdict, with what its event is known by. One event id, one report."""

    event_id: EventId
    time: datetime
    lifecycle_id: LifecycleId | None
    verdict: DriftDetected
