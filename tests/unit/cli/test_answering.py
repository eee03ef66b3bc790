"""Where an order is answered, and what is an answer to it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from evermodel.cli.answering import Answer, answer_in, chosen, topics_of
from evermodel.cli.reading import Read
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.kernel.errors import Permanent
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.deadletter import dead_letter, encode_dead_letter
from evermodel.common.messaging.records import Record
from tests.unit.registrar.samples import step

MINE, OTHER = EventId("mine"), EventId("other")
DAY = datetime(2018, 6, 1, tzinfo=UTC)


def record(
    topic: str, value: bytes | None = b"", *, id_: EventId = MINE, key: bytes = b"fraud"
) -> Record:
    headers = (("ce_id", id_.encode()),)
    return Record(topic=topic, partition=0, offset=0, key=key, value=value, headers=headers)


def said(action: Any, *, cause: EventId, **fields: Any) -> Read:
    payload = step(action, version=2, stable=1).model_copy(update=fields)
    meta = EventMeta(
        id=EventId("s"),
        type=payload.TYPE,
        source="/deployer",
        subject="fraud",
        time=DAY,
        causation_id=cause,
    )
    return Read(record("rollout.step"), Event(payload, meta))


def trainers(answer: str, reason: str) -> Read:
    answers = [{"event": "older", "answer": "training", "reason": ""}]
    answers.append({"event": MINE, "answer": answer, "reason": reason})
    return state({"answers": answers})


def state(told: dict[str, Any], *, key: bytes = b"fraud") -> Read:
    return Read(record("trainer.state", json.dumps(told).encode(), key=key), None)


def order(command: Any) -> LifecycleCommand:
    return LifecycleCommand(model=ModelName("fraud"), command=command, who="ada", why="so")


def given_up(id_: EventId) -> Read:
    letter = dead_letter(
        record("lifecycle.commands", b"{}", id_=id_),
        group="deployer",
        reason="permanent",
        error=Permanent("promote: fraud has no version that serves"),
        attempts=1,
        time=DAY,
    )
    encoded = encode_dead_letter(letter, topic="deployer.dead-letter")
    return Read(record("deployer.dead-letter", encoded.value), None)


@pytest.mark.parametrize(
    ("command", "found", "answer"),
    [
        ("promote", said("promoted", cause=MINE), Answer("promoted v2: alerts tripled")),
        (
            "promote",
            said("declined", cause=MINE),
            Answer("declined v2: alerts tripled", is_no=True),
        ),
        (
            "abort",
            said("declined", cause=MINE, reason="ordered by ada: so"),
            Answer("declined v2: ordered by ada: so"),
        ),
        (
            "promote",
            said("resumed", cause=MINE, commit="4f1c"),
            Answer("resumed v2: alerts tripled", is_partial=True),
        ),
        ("promote", said("promoted", cause=OTHER), None),
        ("retrain", trainers("training", "at once"), Answer("training: at once")),
        ("retrain", trainers("declined", "paused"), Answer("declined: paused", is_no=True)),
        ("retrain", Read(record("trainer.state", None), None), None),
        (
            "pause",
            state({"paused": True}),
            Answer("no training begins until resumed", is_partial=True),
        ),
        ("resume", state({"paused": True}), None),
        ("pause", state({"paused": True}, key=b"another"), None),
        (
            "promote",
            given_up(MINE),
            Answer("not possible: promote: fraud has no version that serves", is_no=True),
        ),
        ("promote", given_up(OTHER), None),
        ("promote", Read(record("deployer.dead-letter", b"junk"), None), None),
    ],
)
def test_an_answer_is_known_by_the_order_it_names(
    command: str, found: Read, answer: Answer | None
) -> None:
    assert answer_in(found, MINE, order(command)) == answer


def test_of_several_answers_a_no_counts_and_what_tells_of_git_only_does_not() -> None:
    git, yes, no = Answer("git", is_partial=True), Answer("yes"), Answer("no", is_no=True)

    assert chosen([]) is None
    assert chosen([git]) == git
    assert chosen([git, yes]) == chosen([yes, git]) == yes
    assert chosen([git, no, yes]) == no


def test_an_order_is_answered_by_the_one_it_is_for() -> None:
    assert [t.name for t in topics_of("retrain")] == ["trainer.state", "trainer.dead-letter"]
    assert [t.name for t in topics_of("promote")] == ["rollout.step", "deployer.dead-letter"]
    assert [t.name for t in topics_of("pause")][:2] == ["rollout.step", "trainer.state"]
