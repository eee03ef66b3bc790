"""What is done to a stack while it works, a trouble at each stroke of a clock, in turn for ever.

Owns the doing and the undoing. Must never look at what comes of it.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

import psutil

from benchmarks.samples import Samples
from benchmarks.timing import pause
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.services import ROLES
from evermodel.embedded.stack import Stack
from tests.faults.proxy import Proxy

#: How long what is not killed is away.
AWAY_SECONDS = 10.0
Trouble = tuple[str, Callable[[], None]]


def troubles(up: Stack, proxy: Proxy) -> list[Trouble]:
    """Return every trouble; `proxy` lies between the services and MLflow."""
    killed = [*(role.name for role in ROLES), "kafka"]
    kills: list[Trouble] = [(f"kill -9 {name}", partial(_kill, up, name)) for name in killed]
    return [
        *kills,
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

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="troubles") as beside:
        making = beside.submit(make)
        try:
            yield done
        finally:
            over.set()
        making.result()  # what it failed by: there would be too few troubles


def _kill(up: Stack, name: str) -> None:
    up.kill(name)


def _hang(up: Stack, name: str) -> None:
    (pid,) = (standing.pid for standing in up.standings() if standing.name == name)
    if pid is None:
        raise NotAvailable(f"{name} does not run just now")
    process = psutil.Process(pid)
    process.send_signal(signal.SIGSTOP)
    try:
        pause(AWAY_SECONDS)
    finally:
        process.send_signal(signal.SIGCONT)


def _away(repository: Path) -> None:
    elsewhere = repository.with_name(f"{repository.name}.away")
    repository.rename(elsewhere)
    try:
        pause(AWAY_SECONDS)
    finally:
        elsewhere.rename(repository)


def _cut(proxy: Proxy) -> None:
    with proxy.away():
        pause(AWAY_SECONDS)
