"""The way of each training to its challenger in shadow, read off the records of a run.

    trainer.state ──▶ model.trained ──▶ model.validated ──▶ rollout.step ──▶ serving.applied
    taken up          recorded          judged              started          shadows

Owns how one record is found from the one before. Times are the records' own: when each was given
to the broker, in milliseconds of one machine's clock.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from evermodel.common.events.catalogue import (
    MODEL_TRAINED,
    MODEL_VALIDATED,
    ROLLOUT_STEP,
    SERVING_APPLIED,
    TRAINER_STATE,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.messaging.records import Record

P = TypeVar("P", bound=Payload)

#: What is to be read for them.
TOPICS = tuple(
    topic.name
    for topic in (TRAINER_STATE, MODEL_TRAINED, MODEL_VALIDATED, ROLLOUT_STEP, SERVING_APPLIED)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Seconds of one training and of each stretch after it."""

    training: float
    recorded: float
    judged: float
    stepped: float
    applied: float

    @property
    def beyond_training(self) -> float:
        """From the training's being taken up to the challenger's shadow, less the training."""
        return self.recorded + self.judged + self.stepped + self.applied


def ways(records: Sequence[Record], *, took: Mapping[str, float]) -> list[Way]:
    """Return the ways that ended in a shadow, in order; `took`: seconds by a training's cause."""
    taken_up = dict(_taken_up(records))
    judged = {
        event.payload.trained_by: (at, event.payload.version)
        for at, event in _events(records, MODEL_VALIDATED.name, ModelValidated)
    }
    started = {
        event.payload.version: (at, event.meta.id)
        for at, event in _events(records, ROLLOUT_STEP.name, RolloutStep)
        if event.payload.action == "started"
    }
    shadowing = {
        (event.payload.step_event_id, version.version): at
        for at, event in _events(records, SERVING_APPLIED.name, ServingApplied)
        for version in event.payload.versions
        if version.state == "ready"
    }
    found = []
    for trained_at, event in _events(records, MODEL_TRAINED.name, ModelTrained):
        cause = event.payload.caused_by
        judged_at, version = judged.get(event.meta.id, (0.0, None))
        if version not in started:
            continue
        started_at, step = started[version]
        if (step, version) in shadowing:
            training = took[cause]
            found.append(
                Way(
                    training=training,
                    recorded=trained_at - taken_up[cause] - training,
                    judged=judged_at - trained_at,
                    stepped=started_at - judged_at,
                    applied=shadowing[step, version] - started_at,
                )
            )
    return found


def _taken_up(records: Sequence[Record]) -> Iterator[tuple[str, float]]:
    """Yield cause and time of each training; its state is written again and again: first wins."""
    seen = set()
    for record in records:
        if record.topic != TRAINER_STATE.name or record.value is None:
            continue
        in_flight = json.loads(record.value).get("in_flight")
        cause = in_flight and in_flight["request"]["cause"]["id"]
        if cause and cause not in seen:
            seen.add(cause)
            yield cause, record.timestamp_ms / 1000


def _events(records: Sequence[Record], topic: str, kind: type[P]) -> list[tuple[float, Event[P]]]:
    return [
        (record.timestamp_ms / 1000, decode(kind, value=record.value, headers=record.headers))
        for record in records
        if record.topic == topic
    ]
