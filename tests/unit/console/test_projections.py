"""The picture is the topics, however often and in whatever order they are read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evermodel.common.events.catalogue import CATALOGUE, Topic
from evermodel.console.handlers.projections import Headers, Projections, told_topics

EXAMPLES = Path(__file__).resolve().parents[3] / "libs/common/src/evermodel/common/events/examples"
Said = tuple[Topic, bytes, Headers]


def records() -> Iterator[Said]:
    topics = {p.TYPE: topic for topic in told_topics() for p in topic.payloads}
    for path in sorted(EXAMPLES.glob("*.json")):
        example = json.loads(path.read_text())
        if example["type"] in topics:
            headers = [(f"ce_{k}", str(v).encode()) for k, v in example.items() if k != "data"]
            yield topics[example["type"]], json.dumps(example["data"]).encode(), headers


@pytest.fixture
def projections() -> Projections:
    found = Projections()
    for record in records():
        found.on_record(*record)
    return found


def test_a_model_shows_the_newest_of_each_kind(projections: Projections) -> None:
    view = projections.model("fraud")
    assert view is not None
    assert {"evermodel.rollout.step.v1", "evermodel.drift.detected.v1"} <= set(view.newest)
    assert projections.model("unheard-of") is None


def test_a_record_read_twice_changes_nothing(projections: Projections) -> None:
    before = len(projections.events), [len(v.events) for v in projections.lifecycles.values()]
    for record in records():
        projections.on_record(*record)
    assert before == (
        len(projections.events),
        [len(v.events) for v in projections.lifecycles.values()],
    )


def test_one_lifecycle_holds_its_events_in_order_of_event_time(projections: Projections) -> None:
    (life,) = projections.lifecycles.values()
    times = [event.time for event in life.events]
    assert times == sorted(times)
    assert (life.started, life.last) == (times[0], times[-1])


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"junk", ()),
        (None, (("ce_type", b"evermodel.drift.detected.v1"),)),
        (b"{}", (("ce_type", b"\xff"),)),
        (b"{}", (("ce_type", b"evermodel.drift.detected.v9"),)),
    ],
)
def test_junk_is_counted_and_stops_nothing(value: bytes | None, headers: Headers) -> None:
    topic = next(t for t in CATALOGUE if t.name == "drift.detected")
    projections = Projections()
    projections.on_record(topic, value, headers)
    for record in records():
        projections.on_record(*record)
    assert projections.counts()["undecodable"] == {"drift.detected": 1}
    assert projections.models


def test_the_past_is_bounded() -> None:
    projections = Projections(kept_events=3, kept_lifecycles=1)
    for record in records():
        projections.on_record(*record)
    assert len(projections.events) == 3
    assert len(projections.recent(limit=2)) == 2


def test_every_event_is_summed_up_in_a_sentence(projections: Projections) -> None:
    said = [event.summary for event in projections.recent(limit=100)]
    assert all(said)
    assert any("advanced v2 (v1 90 %, v2 10 %)" in line for line in said)
    assert any(line.startswith("training failed") for line in said)
