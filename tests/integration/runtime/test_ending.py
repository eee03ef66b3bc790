"""Every service ends when it is told to, wherever it is and whatever its broker does."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import confluent_kafka as ck
import psutil

from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import TopicPartition
from evermodel.embedded.broker import kafka
from evermodel.embedded.process import recorded
from evermodel.embedded.repository import ensure_repository
from evermodel.embedded.services import ROLES
from evermodel.embedded.testing import connected

MODEL = """
[model]
name = "fraud"
[stream]
time = "TIME"
label = "FRAUD"
[features]
continuous = ["AMOUNT"]
"""
PAYMENT = b'{"TIME": "2018-06-12T00:00:00", "AMOUNT": 1.5, "FRAUD": 0}'
#: The console is no service of the loop; its own test is in ``integration/console``.
SERVICES = tuple(role for role in ROLES if role.name != "console")
PATIENCE_SECONDS = 90.0
#: The first record of each is there once the scorer and the windower have committed.
COMMITTED = ("transactions.scored", "drift.windower.state")
#: Into the broker's absence: every service then waits for it somewhere.
INTO_SECONDS = 2.0

Started = Mapping[str, "subprocess.Popen[bytes]"]


@contextmanager
def services(bootstrap: str, folder: Path) -> Iterator[Started]:
    """Run every service on the loop side by side; whatever is left is killed."""
    for name in ("lake", "work"):
        (folder / name).mkdir()
    (folder / "model.toml").write_text(MODEL)
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "MLFLOW_TRACKING_URI": (folder / "mlflow").as_uri(),
        "EVERMODEL_CONFIG_REPOSITORY": str(ensure_repository(folder / "config.git")),
        "EVERMODEL_LAKE": str(folder / "lake"),
        "EVERMODEL_MODELS": str(folder / "model.toml"),
    }
    started: dict[str, subprocess.Popen[bytes]] = {}
    with ExitStack() as stack:
        for role in SERVICES:
            work = folder / "work" / role.name
            work.mkdir()
            log = stack.enter_context((folder / f"{role.name}.log").open("wb"))
            process = subprocess.Popen(
                role.arguments,
                env=environment | {"EVERMODEL_WORK": str(work)},
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            started[role.name] = process
        yield started


def end(started: Started) -> dict[str, int | None]:
    """Tell all to end; return the exit code of each, None for one that is there ten seconds on."""
    for process in started.values():
        process.terminate()
    deadline = time.monotonic() + 10.0
    await_all(lambda: all(p.poll() is not None for p in started.values()), until=deadline)
    return {name: process.poll() for name, process in started.items()}


def await_all(is_so: Callable[[], bool], *, until: float | None = None) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS if until is None else until
    while not is_so() and time.monotonic() < until:
        time.sleep(0.05)  # other processes are at work
    return is_so()


def test_a_service_ends_while_it_waits_for_a_broker_that_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as mute:
        bootstrap = f"127.0.0.1:{mute.getsockname()[1]}"
        with services(bootstrap, tmp_path) as started:
            for name, process in started.items():
                assert await_all(partial(says, tmp_path, name, b"starts as")), name
                process.terminate()  # at once: a later one gives up after its own patience
            assert {name for name, code in end(started).items() if code is None} == set()


def says(folder: Path, name: str, what: bytes) -> bool:
    return what in (folder / f"{name}.log").read_bytes()


def test_a_service_ends_whose_broker_was_killed_while_it_worked(tmp_path: Path) -> None:
    # Two are in transactions all the time: the scorer and the windower. The others are idle.
    with (
        kafka(tmp_path / "kafka") as bootstrap,
        services(bootstrap, tmp_path) as started,
        payments(bootstrap),
    ):
        with connected(bootstrap) as broker:
            assert await_all(lambda: have_committed(broker, *COMMITTED))
        assert await_all(lambda: all(says(tmp_path, name, b"starts as") for name in started))
        (running,) = recorded(tmp_path / "kafka" / "processes")
        psutil.Process(running.pid).kill()
        time.sleep(INTO_SECONDS)
        assert {name for name, code in end(started).items() if code is None} == set()


def have_committed(broker: KafkaBroker, *topics: str) -> bool:
    return all(broker.record(TopicPartition(topic, 0), offset=0) for topic in topics)


@contextmanager
def payments(bootstrap: str) -> Iterator[None]:
    """Publish payments all the time."""
    producer = ck.Producer({"bootstrap.servers": bootstrap, "log_level": 0})
    over = threading.Event()

    def publish() -> None:
        while not over.wait(0.002):
            producer.produce("transactions", PAYMENT, partition=0)
            producer.poll(0)

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        yield
    finally:
        over.set()
        publishing.join()
        producer.purge()
