"""What is done to a stack while it works: kills while it is young, then what leaves it alive.

    │ kill kill kill … twice as often │ hang   away   cut   slow   hang …                │
    └─────────── a third ─────────────┴──────────── each process grows old ──────────────┘

Owns the doing, the undoing, and when. Must never look at what comes of it.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count, cycle
from pathlib import Path

import psutil

from benchmarks.samples import Samples
from benchmarks.timing import beside, pause
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.services import ROLES
from evermodel.embedded.stack import Stack
from tests.faults.proxy import Proxy

#: How long what is not killed is away; a process of ours or the broker stands still for less, so
#: that it is taken for slow and not for dead.
AWAY_SECONDS, STOPPED_SECONDS = 10.0, 4.0
SLOW_SECONDS = 0.2
Trouble = tuple[str, Callable[[], None]]
KILL = "kill -9"


def kills(up: Stack) -> list[Trouble]:
    """Return a kill of each role and of the broker."""
    return [(f"{KILL} {name}", partial(_kill, up, name)) for name in _ours()]


def disturbances(up: Stack, proxy: Proxy) -> list[Trouble]:
    """Return what every process can live through; `proxy` lies between services and MLflow."""
    stops = [(f"{name} stops", partial(_stop, up, name, STOPPED_SECONDS)) for name in _ours()]
    others: list[Trouble] = [
        ("MLflow hangs", partial(_stop, up, "mlflow", AWAY_SECONDS)),
        ("Git is away", partial(_away, Path(up.repository))),
        ("MLflow is cut off", partial(_cut, proxy)),
        ("MLflow is slow", partial(_slow, proxy)),
    ]
    return [*others, *stops]


def timetable(
    killing: Sequence[Trouble], others: Sequence[Trouble], *, lasts: float, every_seconds: float
) -> Iterator[tuple[float, Trouble]]:
    """Yield when, in seconds from the beginning, and what; the others go on for ever.

    Kills come twice as often, in the first third of what `lasts`: every role's turn comes, and all
    have two thirds to grow old.
    """
    young = lasts / 3
    strokes = (every_seconds / 2 * n for n in count(1))
    for at, trouble in zip(strokes, cycle(killing), strict=False):
        if at > young:
            break
        yield at, trouble
    for n, trouble in enumerate(cycle(others)):
        yield young + every_seconds * (n + 1), trouble


@contextmanager
def troubled(strokes: Iterable[tuple[float, Trouble]], *, samples: Samples) -> Iterator[list[str]]:
    """Make one after the other until the block ends; yields what was done, as it is done."""
    done: list[str] = []
    began = time.monotonic()

    def make(over: threading.Event) -> None:
        for due, (name, trouble) in strokes:
            if over.wait(max(0.0, began + due - time.monotonic())):
                return
            at = time.monotonic() - began
            try:
                trouble()
            except NotAvailable:  # it had just died by the last one: there is nothing to kill
                continue
            done.append(name)
            samples.marks.append((at, name))

    with beside(make):
        yield done


def _ours() -> list[str]:
    return [*(role.name for role in ROLES), "kafka"]


def _kill(up: Stack, name: str) -> None:
    up.kill(name)


def _stop(up: Stack, name: str, seconds: float) -> None:
    (pid,) = (standing.pid for standing in up.standings() if standing.name == name)
    if pid is None:
        raise NotAvailable(f"{name} does not run just now")
    with suppress(psutil.NoSuchProcess):  # it ended itself a moment ago
        process = psutil.Process(pid)
        process.send_signal(signal.SIGSTOP)
        try:
            pause(seconds)
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


def _slow(proxy: Proxy) -> None:
    proxy.delay_seconds = SLOW_SECONDS
    try:
        pause(AWAY_SECONDS)
    finally:
        proxy.delay_seconds = 0.0
