"""The console over a real broker: rebuilt from the topics at every start, whatever lies there."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psutil
import pytest
from confluent_kafka import Producer

from evermodel.common.events.catalogue import ORDINARY_BYTES
from evermodel.common.events.codec import encode
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload, Span
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.ids import EventId, LifecycleId, ModelName
from evermodel.common.messaging.deadletter import dead_letter, encode_dead_letter
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.records import Record
from evermodel.common.messaging.redrive import redrive
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.common.testing.rollouts import artefact, rollout_step
from tests.integration.services import end, service
from tests.unit.drift.bench import DAY, MONDAY
from tests.unit.drift.detecting import NAME
from tests.unit.drift.wide import Wide

MODEL = ModelName("watched")
TRAINED = ModelTrained(
    model=MODEL,
    outcome="trained",
    reason="amounts drifted",
    caused_by=EventId("alarm"),
    champion=None,
    run_id="r",
    artefact=artefact(),
)
PROMOTED = rollout_step(
    "promoted",
    about=1,
    in_play=[(1, "champion", 100)],
    model=MODEL,
    reason="no version was serving",
)


class Topics:
    """Writes to the topics as the services do: in transactions."""

    def __init__(self, bootstrap: str) -> None:
        self.producer = Producer(
            {"bootstrap.servers": bootstrap, "transactional.id": "console-test"}
        )
        self.producer.init_transactions()

    def publish(
        self, topic: str, payload: Payload, *, id_: str, day: int, commit: bool = True
    ) -> None:
        meta = EventMeta(
            id=EventId(id_),
            type=payload.TYPE,
            source="/evermodel/test",
            subject=payload.model,
            time=datetime(2026, 6, day, tzinfo=UTC),
            lifecycle_id=LifecycleId("turn"),
        )
        value, headers = encode(payload, meta)
        self.raw(topic, value, list(headers), commit=commit)

    def raw(
        self,
        topic: str,
        value: bytes | None,
        headers: list[tuple[str, bytes]],
        *,
        commit: bool = True,
    ) -> None:
        self.producer.begin_transaction()
        self.producer.produce(topic, key=b"fraud", value=value, headers=list(headers))
        self.producer.flush()
        if commit:
            self.producer.commit_transaction()
        else:
            self.producer.abort_transaction()


@contextmanager
def console(bootstrap: str, *, port: int, log: Path) -> Iterator[psutil.Process]:
    """The console as a process of its own, which ends when it is told to."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "EVERMODEL_CONSOLE_PORT": str(port),
        "EVERMODEL_HEALTH_PORT": "0",
        "EVERMODEL_STARTED_FILE": str(log.with_suffix(".started")),
        "EVERMODEL_WORK": str(log.parent / "work"),
    }
    with service("console", environment=environment, log=log) as child:
        yield psutil.Process(child.pid)
        assert log.with_suffix(".started").exists()
        end(child, log=log)


def get(port: int, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


async def eventually(ask: Callable[[], object], *, seconds: float = 40) -> None:
    """Ask until the answer is true; what cannot be reached yet is not true yet."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            if ask():
                return
        except (URLError, ConnectionError, TimeoutError):
            pass
        assert asyncio.get_running_loop().time() < end, "it never came"
        await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def topics(own_kafka_bootstrap: str) -> Topics:
    create_topics(KafkaSettings(bootstrap_servers=own_kafka_bootstrap))
    return Topics(own_kafka_bootstrap)


def test_it_rebuilds_its_picture_from_the_topics_at_every_start(
    own_kafka_bootstrap: str, topics: Topics, tmp_path: Path, unused_tcp_port: int
) -> None:
    port, log = unused_tcp_port, tmp_path / "console.log"
    topics.publish("model.trained", TRAINED, id_="trained", day=1)
    topics.raw("model.trained", b"{not json", [("ce_id", b"\xff")])
    topics.raw("rollout.step", None, [])
    topics.publish("rollout.step", PROMOTED, id_="promoted", day=2)
    aborted = PROMOTED.model_copy(update={"reason": "never happened"})
    topics.publish("rollout.step", aborted, id_="aborted", day=3, commit=False)
    topics.raw("registrar.dead-letter", b"whatever", [])
    for _ in range(2):
        with console(own_kafka_bootstrap, port=port, log=log) as process:
            # The topics are read side by side: the newest event says nothing of the other topics.
            asyncio.run(eventually(lambda: shown(port) == ["promoted", "trained"]))
            asyncio.run(eventually(lambda: dead_letters(port)["registrar.dead-letter"] == 1))
            asyncio.run(eventually(lambda: undecodable(port)["model.trained"] == 1))
            asyncio.run(eventually(lambda: undecodable(port)["rollout.step"] == 1))
            (model,) = (m for m in get(port, "/api/models")["models"] if m["model"] == MODEL)
            serving = model["serving"]
            assert (serving["version"], serving["reason"]) == (1, "no version was serving")
            (lifecycle,) = get(port, f"/api/lifecycles?model={MODEL}")["lifecycles"]
            assert [event["id"] for event in lifecycle["events"]] == ["trained", "promoted"]
            assert get(port, "/healthz") == {"ok": True}
            assert process.memory_info().rss < 250 << 20
    assert {path.name for path in tmp_path.iterdir()} == {"console.log", "console.started", "work"}


def test_a_dead_letter_that_was_put_back_is_no_longer_shown(
    own_kafka_bootstrap: str, topics: Topics, tmp_path: Path, unused_tcp_port: int
) -> None:
    lost = Record(topic="outcomes.matured", partition=0, offset=0, key=b"k", value=b"{")
    letter = dead_letter(
        lost,
        group="deployer",
        reason="poison",
        error=ValueError("not JSON"),
        attempts=1,
        time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    value = encode_dead_letter(letter, topic="deployer.dead-letter").value
    topics.raw("deployer.dead-letter", value, [])
    port = unused_tcp_port
    with console(own_kafka_bootstrap, port=port, log=tmp_path / "console.log"):
        asyncio.run(eventually(lambda: dead_letters(port)["deployer.dead-letter"] == 1))
        with closing(KafkaBroker(KafkaSettings(bootstrap_servers=own_kafka_bootstrap))) as broker:
            assert redrive(broker, "deployer").back == 1
        asyncio.run(eventually(lambda: dead_letters(port)["deployer.dead-letter"] == 0))


@pytest.mark.guarantee(
    "outside",
    fault="of several servers in KAFKA_BOOTSTRAP_SERVERS the first does not answer",
    promise="the console follows the topics by way of another",
    seen="nothing",
)
@pytest.mark.parametrize("between", [",", ", "])
def test_it_finds_the_topics_by_any_of_several_brokers(
    own_kafka_bootstrap: str, topics: Topics, tmp_path: Path, unused_tcp_port: int, between: str
) -> None:
    model = ModelName(f"by-{'any' if between == ',' else 'spaced'}")
    trained = TRAINED.model_copy(update={"model": model})
    topics.publish("model.trained", trained, id_=model, day=1)
    with socket.socket() as away:
        away.bind(("127.0.0.1", 0))  # and never listens
        servers = between.join([f"127.0.0.1:{away.getsockname()[1]}", own_kafka_bootstrap])
        with console(servers, port=unused_tcp_port, log=tmp_path / "console.log"):
            asyncio.run(eventually(lambda: shown(unused_tcp_port, model) == [model]))


def test_it_shows_what_happens_while_it_runs(
    own_kafka_bootstrap: str, topics: Topics, tmp_path: Path, unused_tcp_port: int
) -> None:
    port, another = unused_tcp_port, ModelName("another")
    trained = TRAINED.model_copy(update={"model": another})
    topics.publish("model.trained", trained, id_="before", day=8)
    with console(own_kafka_bootstrap, port=port, log=tmp_path / "console.log"):
        asyncio.run(eventually(lambda: shown(port, another) == ["before"]))
        topics.publish("model.trained", trained, id_="meanwhile", day=9)
        both = ["meanwhile", "before"]
        asyncio.run(eventually(lambda: shown(port, another) == both, seconds=5))


def test_it_shows_a_window_of_megabytes(
    own_kafka_bootstrap: str, topics: Topics, tmp_path: Path, unused_tcp_port: int
) -> None:
    """And what comes after it: a client that takes no more than a megabyte would stand still."""
    port, counters = unused_tcp_port, Wide(2_000).counters
    span = Span(start=MONDAY, end=MONDAY + DAY)
    window = TransactionsWindowed(model=NAME, window=span, counters=counters, quality="pass")
    large = new_event(window, time=MONDAY, source="/test", identity="large")
    assert len(large.value or b"") > ORDINARY_BYTES
    after = window.model_copy(update={"counters": WindowCounters(rows=7)})
    small = new_event(after, time=MONDAY + DAY, source="/test", identity="small")
    with (
        console(own_kafka_bootstrap, port=port, log=tmp_path / "console.log"),
        closing(KafkaBroker(KafkaSettings(bootstrap_servers=own_kafka_bootstrap))) as broker,
    ):
        for event in (large, small):
            broker.publish([event])
        both = [dict(event.headers)["ce_id"].decode() for event in (small, large)]
        asyncio.run(eventually(lambda: shown(port, NAME) == both))


@pytest.mark.parametrize(("taken", "code"), [(False, 3), (True, 1)])
def test_it_says_in_a_sentence_what_it_lacks(taken: bool, code: int, unused_tcp_port: int) -> None:
    with socket.socket() as other:
        if taken:
            other.bind(("127.0.0.1", unused_tcp_port))
            other.listen()
        found = subprocess.run(
            [sys.executable, "-m", "evermodel.console"],
            env={
                **os.environ,
                "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
                "EVERMODEL_CONSOLE_PORT": str(unused_tcp_port),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert found.returncode == code, found.stderr
    said = "address already in use" if taken else "the broker does not answer"
    assert said in found.stderr
    assert (f"EVERMODEL_CONSOLE_PORT={unused_tcp_port} cannot" in found.stderr) is taken
    assert "Traceback" not in found.stderr


def dead_letters(port: int) -> dict[str, int]:
    found: dict[str, int] = get(port, "/api/models")["dead_letters"]
    return found


def undecodable(port: int) -> dict[str, int]:
    return {topic["topic"]: topic["undecodable"] for topic in get(port, "/api/topics")["topics"]}


def shown(port: int, model: ModelName = MODEL) -> list[str]:
    """Return the ids of the events of `model`, the newest first."""
    return [event["id"] for event in get(port, f"/api/events?model={model}")["events"]]


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
