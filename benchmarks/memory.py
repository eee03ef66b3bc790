"""Resident memory of a stack's processes by role, looked at while something else goes on.

A scorer's models have a process of their own that lasts as long as the scorer: it is a role here
(``scorer-child``). What lasts for one job, as a training does, counts with the role that began it.

Owns the looking. Must never touch what it looks at.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.timing import beside
from evermodel.embedded.process import recorded
from evermodel.scorer.adapters.process_scoring import CHILD

LOOK_SECONDS = 0.5
MEGABYTE = 2**20

#: Bytes by process name, of the process itself and of all that it started.
Sizes = Mapping[str, tuple[int, int]]


class Peaks:
    """The most that each role, and all together, were seen to take; in bytes."""

    def __init__(self) -> None:
        self.own: dict[str, int] = defaultdict(int)
        self.started: dict[str, int] = defaultdict(int)
        self.together = 0

    def see(self, sizes: Sizes) -> None:
        """Take one look into account."""
        for name, (own, started) in sizes.items():
            self.own[name] = max(self.own[name], own)
            self.started[name] = max(self.started[name], started)
        self.together = max(self.together, sum(own + more for own, more in sizes.values()))


def roles(records: Path) -> Mapping[int, str]:
    """Return the name of each process that lasts, by id, from those recorded in `records`."""
    recorded_ones = {record.pid: record.name for record in recorded(records)}
    found = dict(recorded_ones)
    for process in psutil.process_iter(["pid", "ppid"]):
        starter = recorded_ones.get(process.info["ppid"])
        if starter is None:
            continue
        with suppress(psutil.Error):  # it has gone, or is somebody else's
            if CHILD[-1] in process.cmdline():
                found[process.info["pid"]] = f"{starter}-child"
    return found


def sizes(records: Path) -> Sizes:
    """Return what the processes recorded in the folder `records` take now."""
    running = {}
    for process in psutil.process_iter(["pid", "ppid", "memory_info"]):
        memory = process.info["memory_info"]  # None of a process that is somebody else's
        running[process.info["pid"]] = (process.info["ppid"], memory.rss if memory else 0)
    names = roles(records)
    found = {name: [0, 0] for name in names.values()}
    for pid, (parent, size) in running.items():
        if pid in names:
            found[names[pid]][0] += size
        elif (role := _ancestor(parent, running, names)) is not None:
            found[role][1] += size
    return {name: (own, started) for name, (own, started) in found.items()}


@contextmanager
def watched(records: Path) -> Iterator[Peaks]:
    """Look at the processes recorded in `records` until the block ends."""
    peaks = Peaks()

    def look(over: threading.Event) -> None:
        while not over.wait(LOOK_SECONDS):
            peaks.see(sizes(records))

    with beside(look):
        yield peaks


def _ancestor(
    pid: int, running: Mapping[int, tuple[int, int]], names: Mapping[int, str]
) -> str | None:
    while pid not in names:
        if pid not in running or pid <= 1:
            return None
        pid = running[pid][0]
    return names[pid]
