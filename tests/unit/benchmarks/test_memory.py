"""What a role takes is its own process's; what that started is told beside it."""

import sys
from pathlib import Path
from threading import Event

from benchmarks.memory import MEGABYTE, Peaks, sizes, watched
from evermodel.embedded.process import Child, Command

HOLDS = "import threading; held = b'x' * (64 << 20); threading.Event().wait()"
STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS!r}])"


def test_peaks_are_each_roles_own_and_the_sum_is_of_one_moment() -> None:
    peaks = Peaks()
    peaks.see({"a": (5, 0), "b": (1, 2)})
    peaks.see({"a": (1, 3), "b": (4, 0)})
    assert dict(peaks.own) == {"a": 5, "b": 4}
    assert dict(peaks.started) == {"a": 3, "b": 2}
    assert peaks.together == 8


def test_a_role_is_seen_with_what_it_started(tmp_path: Path) -> None:
    records = tmp_path / "processes"
    command = Command(
        name="role",
        arguments=[sys.executable, "-c", STARTS],
        environment={},
        log=tmp_path / "log",
    )
    assert sizes(records) == {}
    child = Child(command, records=records)
    try:
        with watched(records) as peaks:
            while peaks.started["role"] < 64 * MEGABYTE:
                Event().wait(0.05)
        assert 0 < peaks.own["role"] < 64 * MEGABYTE
        assert peaks.together >= 64 * MEGABYTE
    finally:
        child.stop(seconds=1)
    assert sizes(records) == {}
