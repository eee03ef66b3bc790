"""A way leads from one training to the shadow of its own challenger, and to no other."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from benchmarks.ways import TOPICS, ways
from evermodel.common.events.codec import encode
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.events.traffic import ServedVersion, ServingApplied
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.records import Record
from evermodel.common.testing.rollouts import artefact, rollout_step

STATE, TRAINED, JUDGED, STEP, APPLIED = TOPICS
FRAUD = ModelName("fraud")


def record(payload: Payload, topic: str, name: str, *, at: float) -> Record:
    meta = EventMeta(
        id=EventId(name),
        type=payload.TYPE,
        source="/test",
        subject="fraud",
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    value, headers = encode(payload, meta)
    return Record(
        topic=topic,
        partition=0,
        offset=0,
        key=b"fraud",
        value=value,
        headers=headers,
        timestamp_ms=round(at * 1000),
    )


def state(cause: str | None, *, at: float) -> Record:
    in_flight = cause and {"request": {"cause": {"id": cause}}}
    value = json.dumps({"in_flight": in_flight}).encode()
    return Record(
        topic=STATE, partition=0, offset=0, key=b"fraud", value=value, timestamp_ms=round(at * 1000)
    )


def applied(step: str, *, version: int, state: str, at: float) -> Record:
    served = ServedVersion.model_validate({"version": version, "state": state})
    said = ServingApplied(model=FRAUD, replica="0", step_event_id=step, versions=(served,))
    return record(said, APPLIED, f"{step}-applied", at=at)


def turn(cause: str, *, version: int, since: float, state_of: str = "ready") -> Sequence[Record]:
    """Taken up at `since`, trained 10 s later, then 1, 2, 4 s to verdict, step and shadow."""
    trained = ModelTrained(
        model=FRAUD, outcome="trained", reason="a test", caused_by=EventId(cause), champion=None
    )
    judged = ModelValidated(
        model=FRAUD,
        verdict="accepted",
        reasons=("a test",),
        gates=(),
        trained_by=EventId(f"{cause}-trained"),
        champion=1,
        version=version,
        run_id="r",
        artefact=artefact(),
    )
    step = rollout_step(
        "started", about=version, in_play=[(1, "champion", 100), (version, "challenger", 0)]
    )
    return [
        state(cause, at=since),
        state(cause, at=since + 5),
        state(None, at=since + 10),
        record(trained, TRAINED, f"{cause}-trained", at=since + 10),
        record(judged, JUDGED, f"{cause}-judged", at=since + 11),
        record(step, STEP, f"{cause}-step", at=since + 13),
        applied(f"{cause}-step", version=version, state=state_of, at=since + 17),
    ]


def test_each_stretch_is_measured_from_the_one_before() -> None:
    (way,) = ways(turn("alarm", version=2, since=100), took={"alarm": 9.0})
    assert way.training == 9.0
    assert [way.recorded, way.judged, way.stepped, way.applied] == pytest.approx([1, 1, 2, 4])
    assert way.beyond_training == pytest.approx(8)


def test_each_training_has_the_way_of_its_own_version() -> None:
    records = [*turn("second", version=3, since=100), *turn("first", version=2, since=0)]
    found = ways(records, took={"first": 1.0, "second": 2.0})
    assert [way.training for way in found] == [2.0, 1.0]
    assert [way.recorded for way in found] == pytest.approx([8, 9])


def test_one_whose_challenger_does_not_answer_is_no_way() -> None:
    assert ways(turn("alarm", version=2, since=0, state_of="failed"), took={"alarm": 9.0}) == []


@pytest.mark.parametrize("missing", [TRAINED, JUDGED, STEP, APPLIED])
def test_one_that_did_not_get_to_its_shadow_is_no_way(missing: str) -> None:
    records = [r for r in turn("alarm", version=2, since=0) if r.topic != missing]
    assert ways(records, took={"alarm": 9.0}) == []
