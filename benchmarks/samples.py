"""What every process and topic of a stack takes, looked at every few seconds.

Owns the looking. Must never touch what it looks at, nor fail because one of them has gone.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.memory import MEGABYTE, roles
from benchmarks.timing import beside


@dataclass(frozen=True, slots=True)
class Look:
    """A process at one moment: seconds since the looking began, and since it took its work up.

    A spare's waiting is a life of its own: what it imports when its turn comes is no growth.
    """

    at: float
    age: float
    memory: float
    handles: float
    threads: float


@dataclass(slots=True)
class Samples:
    """Looks by process name and process id, and sizes in MB by topic."""

    lives: dict[tuple[str, int], list[Look]] = field(default_factory=lambda: defaultdict(list))
    topics: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    lags: list[tuple[float, float]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return the names of all processes."""
        return sorted({name for (name, _), looks in self.lives.items() if looks})


def look(samples: Samples, stack: Path, *, at: float) -> None:
    """Add how things stand in the folder `stack`."""
    for pid, name in roles(stack / "processes").items():
        with suppress(psutil.Error):
            process, life = psutil.Process(pid), samples.lives[name, pid]
            with process.oneshot():
                seen = Look(
                    at,
                    at - life[0].at if life else 0.0,
                    process.memory_info().rss / MEGABYTE,
                    process.num_fds(),
                    process.num_threads(),
                )
            life.append(seen)
    for topic, size in sizes_of(stack / "kafka" / "data").items():
        samples.topics[topic].append((at, size / MEGABYTE))


def sizes_of(data: Path) -> Mapping[str, int]:
    """Return the bytes on disk of each topic whose partitions lie in `data`."""
    sizes: dict[str, int] = defaultdict(int)
    for folder in data.glob("*-[0-9]*"):
        topic, _, _ = folder.name.rpartition("-")
        for file in folder.glob("*.log"):  # the indices are made in advance, at their full size
            with suppress(OSError):
                sizes[topic] += file.stat().st_size
    return sizes


@contextmanager
def sampled(
    stack: Path, *, every_seconds: float, lag: Callable[[], float | None]
) -> Iterator[Samples]:
    """Look until the block ends; `lag` says how far behind the stack is, None: nobody knows."""
    samples, began = Samples(), time.monotonic()

    def keep_looking(over: threading.Event) -> None:
        while not over.wait(every_seconds):
            at = time.monotonic() - began
            look(samples, stack, at=at)
            behind = lag()
            if behind is not None:
                samples.lags.append((at, behind))

    with beside(keep_looking):
        yield samples
