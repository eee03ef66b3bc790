"""A service as a process: it stops when asked, says how it is, and stays small."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.kafka_check import check_topics
from evermodel.common.settings.kafka import KafkaSettings

WORKER = Path(__file__).with_name("crash_worker.py")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def process(kafka_bootstrap: str, tmp_path: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    create_topics(KafkaSettings(bootstrap_servers=kafka_bootstrap))
    with run(kafka_bootstrap, tmp_path, port) as started:
        yield started


@contextmanager
def run(bootstrap: str, folder: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "EVERMODEL_HEALTH_PORT": str(port),
        "EVERMODEL_STARTED_FILE": str(folder / "started"),
    }
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, str(WORKER), "0", "runtime"], env=environment, stderr=log
        )
        try:
            yield started
        finally:
            started.kill()
            started.wait(timeout=10)


def ask(port: int, path: str) -> str:
    with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def await_ready(port: int, *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            ask(port, "readyz")
        except (URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # another process is starting
        else:
            return


def test_a_process_is_ready_shows_metrics_stays_small_and_stops_when_asked(
    process: "subprocess.Popen[bytes]", port: int, tmp_path: Path
) -> None:
    await_ready(port)
    assert ask(port, "healthz") == "ok\n"
    assert (tmp_path / "started").exists()
    assert "evermodel_events_total" in ask(port, "metrics")
    assert psutil.Process(process.pid).memory_info().rss < 250 * 2**20
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert b'"message": "stopping"' in (tmp_path / "log").read_bytes()


def test_a_broker_that_does_not_answer_is_exit_code_3(tmp_path: Path, port: int) -> None:
    with run(f"127.0.0.1:{free_port()}", tmp_path, port) as process:
        assert process.wait(timeout=60) == 3
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


def test_topics_are_made_once_and_differences_are_told(kafka_bootstrap: str) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka_bootstrap)
    create_topics(settings)
    assert create_topics(settings) == []
    assert check_topics(settings) == []
    other = KafkaSettings(bootstrap_servers=kafka_bootstrap, lifecycle_partitions=7)
    assert "model.trained: 4 partitions instead of 7" in map(str, check_topics(other))
    one = settings.model_copy(update={"replication": 1})
    three = settings.model_copy(update={"replication": 3})
    assert check_topics(one) == []
    assert "model.trained: 1 replicas instead of 3" in map(str, check_topics(three))
