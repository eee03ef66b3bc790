"""What happened, as a list of lifecycle events in one order that every run agrees on.

Owns that order. Brokers keep order within a partition only; between topics the order here is event
time, then the order of the lifecycle. Partials are left out: they are one partition's share of a
window that follows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from evermodel.common.events import catalogue
from evermodel.common.events.codec import decode, structured
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.errors import about_file
from evermodel.common.messaging.records import Record

#: The topics of a journal in the order in which one follows from another.
TOPICS = (
    catalogue.LIFECYCLE_COMMANDS,
    catalogue.TRANSACTIONS_WINDOWED,
    catalogue.OUTCOMES_MATURED,
    catalogue.DRIFT_DETECTED,
    catalogue.MODEL_TRAINED,
    catalogue.MODEL_VALIDATED,
    catalogue.ROLLOUT_STEP,
    catalogue.SERVING_APPLIED,
)
_RANK = {topic.payloads[0]: rank for rank, topic in enumerate(TOPICS)}
_BY_TOPIC = {topic.name: topic.payloads[0] for topic in TOPICS}


@dataclass(frozen=True, slots=True)
class Journal:
    """Lifecycle events in order."""

    events: tuple[Event[Payload], ...]

    def of(self, *models: str) -> "Journal":
        """Return the events of `models` only."""
        return Journal(tuple(e for e in self.events if e.payload.model in models))


def journal_of(records: Iterable[Record]) -> Journal:
    """Return the journal of `records`, which are in offset order within each partition."""
    events = [
        decode(_BY_TOPIC[record.topic], value=record.value, headers=record.headers)
        for record in records
        if record.topic in _BY_TOPIC
    ]
    return Journal(tuple(ordered(events)))


def ordered(events: Iterable[Event[Payload]]) -> Sequence[Event[Payload]]:
    """Return `events` by time, place in the lifecycle and model; else as they came."""
    return sorted(events, key=lambda e: (e.meta.time, _RANK[type(e.payload)], e.payload.model))


def write_events(journal: Journal, path: Path) -> None:
    """Write one CloudEvent as JSON per line."""
    with about_file(path), path.open("wb") as file:
        for event in journal.events:
            file.write(orjson.dumps(structured(event), option=orjson.OPT_APPEND_NEWLINE))
