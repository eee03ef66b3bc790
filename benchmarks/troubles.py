"""What is done to a stack while it works, a trouble at each stroke of a clock, in turn for ever.

Owns the doing and the undoing. Must never look at what comes of it.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import cycle
from pathlib import Path

import psutil

from benchmarks.samples import Samples
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.settings import KafkaSettings
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.services import ROLES
from evermodel.embedded.stack import Stack
from tests.faults.proxy import Proxy

#: How long what is not killed is away.
AWAY_SECONDS = 10.0
Trouble = tuple[str, Callable[[], None]]


class Asking(KafkaGroups):
    """The groups, asked only while a broker is there.

    librdkafka 2.16 ends the process that asks (an assertion, ``eonce->refcnt > 0``) where the
    broker dies with the question under way; the run would be over with it.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        super().__init__(settings)
        self.turn = threading.Lock()

    def committed(self, groups: Iterable[str]) -> Mapping[str, Mapping[TopicPartition, int]]:
        with self.turn:
            return super().committed(groups)

    def ends(self, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
        with self.turn:
            return super().ends(topics)


def troubles(up: Stack, proxy: Proxy, asking: Asking) -> list[Trouble]:
    """Return every trouble; `proxy` lies between the services and MLflow."""
    kills: list[Trouble] = [(f"kill -9 {r.name}", partial(_kill, up, r.name)) for r in ROLES]
    return [
        *kills,
        ("kill -9 kafka", partial(_kill_broker, up, asking)),
        ("MLflow hangs", partial(_hang, up, "mlflow")),
        ("Git is away", partial(_away, Path(up.repository))),
        ("connections to MLflow are cut", partial(_cut, proxy)),
    ]


@contextmanager
def troubled(
    found: Sequence[Trouble], *, every_seconds: float, samples: Samples
) -> Iterator[list[str]]:
    """Make one after the other until the block ends; yields what was done, as it is done."""
    done: list[str] = []
    over, began = threading.Event(), time.monotonic()

    def make() -> None:
        for name, trouble in cycle(found):
            if over.wait(every_seconds):
                return
            try:
                trouble()
            except NotAvailable:  # it had just died by the last one: there is nothing to kill
                continue
            done.append(name)
            samples.marks.append((time.monotonic() - began, name))

    making = threading.Thread(target=make, name="troubles")
    making.start()
    try:
        yield done
    finally:
        over.set()
        making.join()


def _kill(up: Stack, name: str) -> None:
    up.kill(name)


def _kill_broker(up: Stack, asking: Asking) -> None:
    """Kill it while nobody asks it, and let nobody ask before it is back."""
    host, _, port = up.bootstrap.rpartition(":")
    with asking.turn:
        up.kill("kafka")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            _pause(0.2)
            with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                return


def _hang(up: Stack, name: str) -> None:
    (pid,) = (standing.pid for standing in up.standings() if standing.name == name)
    if pid is None:
        raise NotAvailable(f"{name} does not run just now")
    process = psutil.Process(pid)
    process.send_signal(signal.SIGSTOP)
    try:
        _pause(AWAY_SECONDS)
    finally:
        process.send_signal(signal.SIGCONT)


def _away(repository: Path) -> None:
    elsewhere = repository.with_name(f"{repository.name}.away")
    repository.rename(elsewhere)
    try:
        _pause(AWAY_SECONDS)
    finally:
        elsewhere.rename(repository)


def _cut(proxy: Proxy) -> None:
    with proxy.away():
        _pause(AWAY_SECONDS)


def _pause(seconds: float) -> None:
    time.sleep(seconds)  # noqa: TID251  # a driver may wait; services may not
