"""What a role takes is its own process's; what that started is told beside it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from benchmarks.memory import MEGABYTE, Peaks, sizes, watched
from benchmarks.samples import Samples, look
from evermodel.embedded.process import Child, Command
from evermodel.scorer.adapters.process_scoring import CHILD

HOLDS = "import threading; held = b'x' * (64 << 20); threading.Event().wait()"
STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS!r}, *sys.argv[1:]])"


def test_peaks_are_each_roles_own_and_the_sum_is_of_one_moment() -> None:
    peaks = Peaks()
    peaks.see({"a": (5, 0), "b": (1, 2)})
    peaks.see({"a": (1, 3), "b": (4, 0)})
    assert dict(peaks.own) == {"a": 5, "b": 4}
    assert dict(peaks.started) == {"a": 3, "b": 2}
    assert peaks.together == 8


@contextmanager
def role_that_starts(records: Path, *named: str) -> Iterator[None]:
    """Run a role in whose life a child called `named` holds 64 MB."""
    command = Command(
        name="role",
        arguments=[sys.executable, "-c", STARTS, *named],
        environment={},
        log=records.parent / "log",
    )
    child = Child(command, records=records)
    try:
        yield
    finally:
        child.stop(seconds=1)


def test_a_role_is_seen_with_what_it_started(tmp_path: Path) -> None:
    records = tmp_path / "processes"
    assert sizes(records) == {}
    with role_that_starts(records), watched(records) as peaks:
        while peaks.started["role"] < 64 * MEGABYTE:
            Event().wait(0.05)
    assert 0 < peaks.own["role"] < 64 * MEGABYTE
    assert peaks.together >= 64 * MEGABYTE
    assert sizes(records) == {}


def test_a_child_that_lasts_is_a_role_of_its_own(tmp_path: Path) -> None:
    records, samples = tmp_path / "processes", Samples()
    with role_that_starts(records, CHILD[-1]), watched(records) as peaks:
        while peaks.own["role-child"] < 64 * MEGABYTE:
            Event().wait(0.05)
        look(samples, tmp_path, at=0.0)
    assert peaks.started["role"] == 0
    assert peaks.together >= 64 * MEGABYTE
    assert samples.names() == ["role", "role-child"]
