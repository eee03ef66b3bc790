"""Where an order is answered, and what is an answer to it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from evermodel.cli.answering import Answer, answer_in, topics_of
from evermodel.cli.reading import Read
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.kernel.errors import Permanent
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.deadletter import dead_letter, encode_dead_letter
from evermodel.common.messaging.records import Record
from tests.unit.registrar.samples import step

MINE, OTHER = EventId("mine"), EventId("other")
DAY = datetime(2018, 6, 1, tzinfo=UTC)


def record(topic: str, value: bytes | None = b"", *, id_: EventId = MINE) -> Record:
    headers = (("ce_id", id_.encode()),)
    return Record(topic=topic, partition=0, offset=0, key=b"m", value=value, headers=headers)


def said(action: Any, *, cause: EventId) -> Read:
    payload = step(action, version=2, stable=1)
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
    return Read(record("trainer.state", json.dumps({"answers": answers}).encode()), None)


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
    ("found", "answer"),
    [
        (said("promoted", cause=MINE), Answer("promoted v2: alerts tripled", is_no=False)),
        (said("declined", cause=MINE), Answer("declined v2: alerts tripled", is_no=True)),
        (said("promoted", cause=OTHER), None),
        (trainers("training", "at once"), Answer("training: at once", is_no=False)),
        (trainers("declined", "paused"), Answer("declined: paused", is_no=True)),
        (Read(record("trainer.state", None), None), None),
        (
            given_up(MINE),
            Answer("not possible: promote: fraud has no version that serves", is_no=True),
        ),
        (given_up(OTHER), None),
        (Read(record("deployer.dead-letter", b"junk"), None), None),
    ],
)
def test_an_answer_is_known_by_the_order_it_names(found: Read, answer: Answer | None) -> None:
    assert answer_in(found, MINE) == answer


def test_an_order_is_answered_by_the_one_it_is_for() -> None:
    assert [t.name for t in topics_of("retrain")] == ["trainer.state", "trainer.dead-letter"]
    assert [t.name for t in topics_of("promote")] == ["rollout.step", "deployer.dead-letter"]
