"""``kill -9`` at every moment of a real process over a real broker: nothing lost or doubled."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from evermodel.common.events.catalogue import MODEL_TRAINED
from evermodel.common.events.codec import decode
from evermodel.common.events.training import ModelTrained
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.testing.sample import START, command

WORKER = Path(__file__).with_name("crash_worker.py")
MOMENTS = ("polled", "handled", "sent", "committing", "offsets sent", "committed")


class Workers:
    """Starts replicas and ends what it started."""

    def __init__(self, bootstrap: str, log: Path, group: str) -> None:
        self._environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": bootstrap}  # handed on
        self._log = log.open("ab")
        self._group = group
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, instance: str, *, crash_at: str = "") -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, str(WORKER), instance, self._group],
            env={**self._environment, "EVERMODEL_CRASH_AT": crash_at or ":0"},
            stderr=self._log,
        )
        self.started.append(process)
        return process

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=10)
        self._log.close()


@pytest.fixture
def workers(
    kafka_bootstrap: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Workers]:
    made = Workers(kafka_bootstrap, tmp_path / "workers.log", request.node.name[:60])
    yield made
    made.close()


def answers(broker: KafkaBroker, *, model: str) -> list[str]:
    """Return what was said about `model`, in order."""
    events = [
        decode(ModelTrained, value=record.value, headers=record.headers)
        for record in read_whole(broker, partitions_of(broker, [MODEL_TRAINED.name]))
        if (record.key or b"").startswith(model.encode())  # others are of other tests
    ]
    return [f"{event.payload.model}: {event.payload.reason}" for event in events]


def say(broker: KafkaBroker, *, model: str, numbers: range) -> None:
    broker.publish(
        [
            new_event(command(i, model=model), time=START, source="/test", identity=f"{model}/{i}")
            for i in numbers
        ]
    )


def wait_for(broker: KafkaBroker, *, model: str, count: int, seconds: float = 60.0) -> list[str]:
    deadline = time.monotonic() + seconds
    while True:
        found = answers(broker, model=model)
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.1)  # waits for another process


def expected(model: str, count: int) -> list[str]:
    return [f"{model}: {i} is {i}" for i in range(1, count + 1)]


def test_a_process_killed_at_every_moment_loses_and_doubles_nothing(
    broker: KafkaBroker, workers: Workers
) -> None:
    """Lives, each ended at one moment, the first or the third time it is reached."""
    said = 0
    for life in [f"{moment}:{n}" for n in (1, 3) for moment in MOMENTS for _ in range(2)]:
        process = workers.start("0", crash_at=life)
        for _ in range(300):
            if process.poll() is not None:
                break
            say(broker, model="crash", numbers=range(said + 1, said + 2))
            said += 1
            time.sleep(0.1)  # a trickle, so that there is a third time
        assert process.wait(timeout=10) == -9, life
    last = workers.start("0")
    # One more, so that it has begun to run when it is told to stop.
    said += 1
    say(broker, model="crash", numbers=range(said, said + 1))
    found = wait_for(broker, model="crash", count=said)
    last.terminate()
    assert last.wait(timeout=20) == 0
    assert found == expected("crash", said)


def test_two_replicas_share_the_work_and_one_takes_over_from_the_other(
    broker: KafkaBroker, workers: Workers
) -> None:
    models = [f"pair-{i}" for i in range(8)]
    first, second = workers.start("a"), workers.start("b")
    for model in models:
        say(broker, model=model, numbers=range(1, 6))
    wait_for(broker, model="pair", count=5 * len(models))
    for model in models:
        say(broker, model=model, numbers=range(6, 11))
    first.kill()
    found = wait_for(broker, model="pair", count=10 * len(models))
    second.terminate()
    assert second.wait(timeout=20) == 0
    assert Counter(found) == Counter(line for model in models for line in expected(model, 10))


def test_who_takes_over_from_one_killed_within_a_transaction_waits_until_it_is_decided(
    broker: KafkaBroker, workers: Workers
) -> None:
    models = [f"open-{i}" for i in range(8)]
    first = workers.start("a", crash_at="offsets sent:2")
    for model in models:
        say(broker, model=model, numbers=range(1, 3))
    assert first.wait(timeout=30) == -9
    second = workers.start("b")
    found = wait_for(broker, model="open", count=2 * len(models))
    second.terminate()
    assert second.wait(timeout=20) == 0
    assert Counter(found) == Counter(line for model in models for line in expected(model, 2))
