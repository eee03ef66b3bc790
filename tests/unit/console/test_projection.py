"""The console's views: what they show, that reading twice changes nothing, that junk is counted."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.codec import encode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import EventId, LifecycleId, ModelName
from evermodel.common.messaging.deadletter import REDRIVEN_FOR, REDRIVEN_FROM
from evermodel.common.testing.rollouts import Play, rollout_step
from evermodel.console.handlers.answers import Answers
from evermodel.console.handlers.projection import DEAD_LETTERS, LIFECYCLE, Keep, Projection
from evermodel.console.ports import Seen, Tables

START = datetime(2026, 6, 1, tzinfo=UTC)


def seen(
    topic: str, payload: Payload, *, offset: int, id_: str, day: int = 0, life: str = "turn"
) -> Seen:
    meta = EventMeta(
        id=EventId(id_),
        type=payload.TYPE,
        source="/evermodel/test",
        subject=payload.model,
        time=START + timedelta(days=day),
        lifecycle_id=LifecycleId(life),
    )
    value, headers = encode(payload, meta)
    return Seen(topic=topic, partition=0, offset=offset, value=value, headers=headers)


def put_back(record: Seen, *, offset: int) -> Seen:
    """Return what a redrive writes for one service."""
    origin = f"{record.topic}/{record.partition}/{record.offset}".encode()
    headers = (*record.headers, (REDRIVEN_FOR, b"trainer"), (REDRIVEN_FROM, origin))
    return replace(record, offset=offset, headers=headers)


def command(model: str = "fraud") -> LifecycleCommand:
    return LifecycleCommand(
        model=ModelName(model), command="retrain", who="ada", why="a new rule book"
    )


def trained() -> ModelTrained:
    return ModelTrained(
        model=ModelName("fraud"),
        outcome="failed",
        reason="one class only",
        caused_by=EventId("c"),
        champion=None,
    )


def step(version: int) -> RolloutStep:
    serving: Play = (version, "champion", 100)
    return rollout_step("promoted", about=version, in_play=[serving], reason="every check passed")


def shown(*records: Seen, keep: Keep | None = None) -> Answers:
    tables = Tables()
    projection = Projection(tables, keep=keep)
    for record in records:
        projection.on_record(record)
    return Answers(tables)


def ids(answer: Any) -> list[str]:
    return [event["id"] for event in answer["events"]]


def test_what_serves_is_what_the_last_step_says() -> None:
    answers: Any = shown(
        seen("rollout.step", step(1), offset=0, id_="s1"),
        seen("rollout.step", step(2), offset=1, id_="s2", day=1),
    ).models()
    (model,) = answers["models"]
    assert model["serving"]["in_play"] == ({"version": 2, "role": "champion", "weight": 100},)
    assert model["last"]["rollout.step"]["event_id"] == "s2"


def test_the_last_of_a_kind_is_the_one_written_last_though_it_speaks_of_an_earlier_time() -> None:
    answers: Any = shown(
        seen("model.trained", trained(), offset=0, id_="t1", day=9),
        seen("model.trained", trained(), offset=1, id_="t2", day=2),
    ).models()
    (model,) = answers["models"]
    assert model["last"]["model.trained"]["event_id"] == "t2"


def test_a_lifecycle_shows_its_events_in_the_order_of_the_loop_however_they_came() -> None:
    answers: Any = shown(
        seen("rollout.step", step(1), offset=0, id_="third", day=3),
        seen("model.trained", trained(), offset=0, id_="second", day=2),
        seen("lifecycle.commands", command(), offset=0, id_="first", day=2),
    ).lifecycles()
    (lifecycle,) = answers["lifecycles"]
    assert ids(lifecycle) == ["first", "second", "third"]
    assert lifecycle["started"] == "2026-06-03T00:00:00Z"


def test_models_side_by_side_are_told_apart() -> None:
    answers = shown(
        seen("lifecycle.commands", command("fraud"), offset=0, id_="a", life="x"),
        seen("lifecycle.commands", command("churn"), offset=1, id_="b", life="y"),
    )
    found: Any = answers.models()
    assert [model["model"] for model in found["models"]] == ["churn", "fraud"]
    assert ids(answers.events(model="churn")) == ["b"]
    assert ids(answers.events(topic="model.trained")) == []


@given(st.lists(st.integers(0, 5), max_size=12))
def test_reading_records_again_changes_nothing(again: list[int]) -> None:
    records = [
        seen("lifecycle.commands", command(), offset=i, id_=f"c{i}", day=i) for i in range(6)
    ]
    once, twice = shown(*records), shown(*records, *(records[i] for i in again))
    assert (once.events(), once.topics()) == (twice.events(), twice.topics())
    assert once.lifecycles() == twice.lifecycles()


@given(
    st.sampled_from(sorted({*LIFECYCLE, *DEAD_LETTERS})),
    st.none() | st.binary(),
    st.lists(st.tuples(st.text(), st.none() | st.binary()), max_size=4),
)
def test_junk_is_counted_and_never_stops_it(
    topic: str, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    junk = Seen(topic=topic, partition=0, offset=0, value=value, headers=headers)
    answers = shown(junk, seen("lifecycle.commands", command(), offset=1, id_="after"))
    assert ids(answers.events()) == ["after"]
    if topic in DEAD_LETTERS:
        found: Any = answers.models()
        assert found["dead_letters"][topic] == 1
    else:
        counted: Any = answers.topics()
        assert sum(t["undecodable"] for t in counted["topics"]) == 1


def letter(offset: int) -> Seen:
    return Seen(
        topic="scorer.dead-letter", partition=1, offset=offset, value=b"{}", headers=[("a", b"b")]
    )


@pytest.mark.parametrize("told_first", [True, False])
def test_a_dead_letter_counts_until_it_was_put_back(told_first: bool) -> None:
    tables = Tables()
    projection = Projection(tables)
    if told_first:  # as at a start, when the topics are read anew
        projection.on_put_back({"scorer.dead-letter/1": 5})
    for offset in (0, 2, 5, 7):  # markers take offsets too
        projection.on_record(letter(offset))
    projection.on_put_back({"scorer.dead-letter/1": 5, "scorer.dead-letter/0": 9})
    found: Any = Answers(tables).models()
    assert found["dead_letters"]["scorer.dead-letter"] == 2
    projection.on_put_back({"scorer.dead-letter/1": 8})
    again: Any = Answers(tables).models()
    assert set(again["dead_letters"].values()) == {0}


def test_the_oldest_events_and_lifecycles_go_first() -> None:
    records = [
        seen("lifecycle.commands", command(), offset=i, id_=f"c{i}", day=i, life=f"turn {i}")
        for i in range(30)
    ]
    answers = shown(*records, keep=Keep(events=20, lifecycles=3))
    kept = ids(answers.events(limit=1000))
    assert kept == [f"c{i}" for i in range(29, 29 - len(kept), -1)]
    assert 18 <= len(kept) <= 20
    found: Any = answers.lifecycles()
    assert [x["lifecycle_id"] for x in found["lifecycles"]] == ["turn 29", "turn 28", "turn 27"]


def test_the_last_of_a_kind_is_kept_though_newer_events_push_it_out() -> None:
    records = [
        seen("lifecycle.commands", command("fraud"), offset=i, id_=f"c{i}", day=9 + i)
        for i in range(1, 30)
    ]
    quiet = [
        seen("model.trained", trained(), offset=0, id_="t1", day=5),
        seen("model.trained", trained(), offset=1, id_="t2", day=2),
        seen("lifecycle.commands", command("churn"), offset=0, id_="d", day=0),
    ]
    answers = shown(*quiet, *records, keep=Keep(events=10))
    assert not {"t1", "t2", "d"} & set(ids(answers.events(limit=1000)))
    found: Any = answers.models()
    churn, fraud = found["models"]
    assert churn["model"] == "churn"
    assert fraud["last"]["model.trained"]["event_id"] == "t2"


def test_the_last_of_a_kind_is_shown_though_it_is_the_oldest_of_all() -> None:
    records = [
        seen("model.trained", trained(), offset=i, id_=f"t{i}", day=40 - i) for i in range(11)
    ]
    answers = shown(*records, keep=Keep(events=10))
    assert "t10" not in ids(answers.events())
    found: Any = answers.models()
    (fraud,) = found["models"]
    assert fraud["last"]["model.trained"]["event_id"] == "t10"


GOLDEN = sorted(
    (Path(__file__).parents[3] / "libs/common/src/evermodel/common/events/examples").glob("*.json")
)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_golden_example_of_a_lifecycle_topic_is_shown_with_a_sentence(path: Path) -> None:
    example = json.loads(path.read_text())
    topic = next(
        (t.name for t in LIFECYCLE.values() if example["type"] == t.payloads[0].TYPE), None
    )
    if topic is None or topic == "transactions.partials":
        return  # the data plane is not the console's, and counters of partitions are too many
    record = Seen(
        topic=topic,
        partition=0,
        offset=0,
        value=json.dumps(example["data"]).encode(),
        headers=[(f"ce_{k}", str(v).encode()) for k, v in example.items() if k != "data"],
    )
    found: Any = shown(record).events()
    (event,) = found["events"]
    assert (event["id"], event["time"]) == (example["id"], example["time"])
    assert event["headline"] != type(example).__name__
    assert " " in event["headline"]


def test_a_step_that_was_put_back_for_one_service_is_not_what_serves() -> None:
    first = seen("rollout.step", step(1), offset=0, id_="one")
    second = seen("rollout.step", step(2), offset=1, id_="two", day=1)

    answers: Any = shown(first, second, put_back(first, offset=2)).models()

    (model,) = answers["models"]
    assert model["serving"]["stable_version"] == 2
    assert model["last"]["rollout.step"]["event_id"] == "two"
