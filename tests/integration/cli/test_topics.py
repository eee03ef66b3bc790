"""Orders given on the command line are events on a real broker, and can be read back."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from evermodel.cli.main import run
from evermodel.cli.reading import interpret, read
from evermodel.common.events.catalogue import LABELS, LIFECYCLE_COMMANDS
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.deadletter import dead_letter, encode_dead_letter
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of
from evermodel.common.messaging.records import Record
from evermodel.common.settings.kafka import KafkaSettings
from tests.unit.registrar.samples import step


@pytest.fixture(autouse=True)
def settings(
    own_kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> KafkaSettings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", own_kafka_bootstrap)
    assert run(["topics", "create"]) == 0
    return KafkaSettings(bootstrap_servers=own_kafka_bootstrap)


def give_up(settings: KafkaSettings, lost: Record) -> None:
    """Leave `lost` in the dead letters of the drift service, as its windower would."""
    letter = dead_letter(
        lost,
        group="drift-windower",
        reason="poison",
        error=ValueError("not JSON"),
        attempts=1,
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with closing(KafkaBroker(settings)) as broker:
        broker.publish([encode_dead_letter(letter, topic="drift.dead-letter")])


def test_topics_are_as_the_catalogue_says_once_made(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["topics", "create"]) == 0
    assert "there already" in capsys.readouterr().out
    assert run(["topics", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": [], "remedies": {}}


def test_an_order_is_an_event_with_who_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    at = "2018-06-01T00:00:00Z"
    order = ["retrain", "--model", "cards", "--why", "new terminals", "--at", at, "--wait", "0"]
    assert run(order) == 0
    capsys.readouterr()
    assert run(["tail", "lifecycle.commands", "--json"]) == 0
    event = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert event["type"] == "evermodel.lifecycle.command.v1"
    assert event["time"] == at
    assert event["data"]["why"] == "new terminals"
    assert event["data"]["who"]
    assert run(["tail"]) == 0
    assert "cards: command=retrain why=new terminals" in capsys.readouterr().out


def test_an_order_is_timed_by_the_newest_window_of_its_own_model(
    settings: KafkaSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    day = datetime(2018, 6, 1, tzinfo=UTC)
    windows = [
        TransactionsWindowed(
            model=ModelName(model),
            window=Span(start=day + timedelta(days=number), end=day + timedelta(days=number + 1)),
            counters=WindowCounters(rows=1),
            quality="pass",
        )
        for model, number in [("timed", 0), ("timed", 1), ("newer", 9)]
    ]
    with closing(KafkaBroker(settings)) as broker:
        said = [Emit(w, w.window.end, identity=f"{w.model}{w.window.end}") for w in windows]
        broker.publish(emissions(said, cause=None, source="/upstream"))
    assert run(["pause", "--model", "timed", "--why", "a look", "--wait", "0"]) == 0
    capsys.readouterr()
    assert run(["tail", "lifecycle.commands", "--json"]) == 0
    events = map(json.loads, capsys.readouterr().out.splitlines())
    (order,) = [event for event in events if event["subject"] == "timed"]
    assert order["time"] == "2018-06-03T00:00:00Z"


def test_status_counts_what_the_topics_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pause", "--model", "counted", "--why", "a look", "--wait", "0"]) == 0
    capsys.readouterr()
    assert run(["status", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (model,) = [each for each in found["models"] if each["model"] == "counted"]
    assert model["events"] == {"lifecycle.command": 1}
    assert found["dead_letters"]["scorer.dead-letter"] == 0
    assert run(["status"]) == 0
    assert "counted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("action", "code", "told"), [("held", 0, "held v1: a look"), ("declined", 1, "nothing to do")]
)
def test_the_answer_to_an_order_is_told_and_a_no_is_no_success(
    settings: KafkaSettings,
    capsys: pytest.CaptureFixture[str],
    action: Literal["held", "declined"],
    code: int,
    told: str,
) -> None:
    model = f"answered-{action}"
    with ThreadPoolExecutor(1) as deployer:
        answering = deployer.submit(answer, settings, model, action, told.rpartition(": ")[2])
        assert run(["pause", "--model", model, "--why", "a look"]) == code
        answering.result()
    said = capsys.readouterr()
    assert told in (said.err if code else said.out)


def answer(
    settings: KafkaSettings, model: str, action: Literal["held", "declined"], why: str
) -> None:
    """Wait for an order about `model` and answer it as the deployer does."""
    with closing(KafkaBroker(settings)) as broker:
        reader = broker.reader(partitions_of(broker, [LIFECYCLE_COMMANDS.name]))
        while True:
            for found in map(interpret, reader.poll(limit=100, timeout_seconds=0.2)):
                if found.event is not None and found.event.payload.model == model:
                    answered = step(action, version=1, stable=1).model_copy(
                        update={"model": ModelName(model), "reason": why}
                    )
                    said = [Emit(answered, found.event.meta.time, identity="answer")]
                    broker.publish(emissions(said, cause=found.event.meta, source="/deployer"))
                    reader.close()
                    return


def test_an_order_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["abort", "--model", "NOT A NAME", "--why", "x"]) == 2
    assert run(["abort", "--model", "m", "--why", " "]) == 2
    assert run(["abort", "--model", "m", "--why", "x", "--at", "noon"]) == 2
    assert "is no date or time" in capsys.readouterr().err


def test_a_dead_letter_goes_back_once_with_its_headers(
    settings: KafkaSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Record(
        topic="labels", partition=0, offset=7, key=b"k", value=b"{", headers=(("ce_id", b"x"),)
    )
    give_up(settings, lost)
    capsys.readouterr()
    assert run(["redrive", "drift", "--dry-run"]) == 0
    assert "labels[0]@7  poison: not JSON" in capsys.readouterr().out
    assert run(["status"]) == 0
    assert "drift.dead-letter: 1; 'evermodel redrive drift'" in capsys.readouterr().out
    for expected in (1, 0):
        assert run(["redrive", "drift", "--json"]) == 0
        done = json.loads(capsys.readouterr().out)
        assert done == {
            "put_back": expected,
            "unreadable": 0,
            "gone": [],
            "orders": 0,
            "outdated": 0,
        }
    assert run(["redrive", "drift", "--dry-run"]) == 0
    assert capsys.readouterr().out == "no dead letter of drift waits\n"
    (back,) = read(settings, [LABELS])
    assert (back.record.key, back.record.value) == (b"k", b"{")
    assert ("ce_id", b"x") in back.record.headers
    assert run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dead_letters"]["drift.dead-letter"] == 0


def test_a_dead_letter_whose_original_is_gone_is_named_and_is_no_success(
    settings: KafkaSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Record(topic="labels", partition=1, offset=7_000, key=b"k", value=b"\xff" * 900_000)
    give_up(settings, lost)
    capsys.readouterr()
    assert run(["redrive", "drift", "--dry-run"]) == 0
    assert "poison: not JSON (too large to copy: value)" in capsys.readouterr().out
    assert run(["redrive", "drift"]) == 1
    assert "labels[1]@7000" in capsys.readouterr().err
