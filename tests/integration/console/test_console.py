"""The console as a process over a real broker: from empty topics to the whole picture."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from evermodel.common.events.catalogue import CATALOGUE, DEAD_LETTERS, topic_named
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.records import Outgoing
from evermodel.common.settings import KafkaSettings
from evermodel.embedded.addresses import kept_ports

EXAMPLES = Path(__file__).resolve().parents[3] / "libs/common/src/evermodel/common/events/examples"
MEMORY_BOUND_MB = 250


@pytest.fixture
def kafka(kafka_bootstrap: str) -> Iterator[KafkaBroker]:
    settings = KafkaSettings(bootstrap_servers=kafka_bootstrap)
    create_topics(settings)
    broker = KafkaBroker(settings)
    yield broker
    broker.close()


@pytest.fixture
def console(
    kafka: KafkaBroker, kafka_bootstrap: str, tmp_path: Path
) -> Iterator[tuple[str, psutil.Process]]:
    port = kept_ports(tmp_path / "ports.json", names=("console",))["console"]
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "EVERMODEL_CONSOLE_PORT": str(port),
    }
    with (tmp_path / "console.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "evermodel.console"], env=environment, stderr=log, stdout=log
        )
        try:
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=15)


def get(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def eventually(question: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if question():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "the console never showed it"
        time.sleep(0.1)


def test_the_console_rebuilds_its_picture_and_survives_junk(
    kafka: KafkaBroker, console: tuple[str, psutil.Process]
) -> None:
    url, process = console
    told = {p.TYPE: topic.name for topic in CATALOGUE for p in topic.payloads}
    records = [
        Outgoing(topic="rollout.step", key=b"fraud", value=b"\xff junk"),
        Outgoing(topic=DEAD_LETTERS[0].name, key=b"k", value=b"{}"),
    ]
    for path in EXAMPLES.glob("*.json"):
        example = json.loads(path.read_text())
        if topic_named(told[example["type"]]).plane == "lifecycle":
            headers = tuple((f"ce_{k}", str(v).encode()) for k, v in example.items() if k != "data")
            value = json.dumps(example["data"]).encode()
            records.append(
                Outgoing(topic=told[example["type"]], key=b"fraud", value=value, headers=headers)
            )
    kafka.publish(records)

    eventually(lambda: "rollout.step" in str(get(f"{url}/api/models")), seconds=60)
    eventually(lambda: "scorer" in str(get(f"{url}/api/counts")["dead_letters"]), seconds=30)
    model = get(f"{url}/api/models/fraud")
    assert model["model"] == "fraud"
    assert "rollout.step" in str(get(f"{url}/api/counts")["undecodable"])
    assert process.memory_info().rss / 1e6 <= MEMORY_BOUND_MB
