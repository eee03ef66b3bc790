"""What is said to find every process of a run does find each kind of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import processes_of

WAITS = "print('up', flush=True); import threading; threading.Event().wait()"


@pytest.mark.parametrize("told", ["by its environment, as a service", "by its command, as Kafka"])
def test_a_process_that_is_left_is_found(tmp_path: Path, told: str) -> None:
    is_service = "service" in told
    more = {"EVERMODEL_WORK": str(tmp_path / "stack/work/scorer")} if is_service else {}
    arguments = [] if is_service else [str(tmp_path / "stack/kafka/server.properties")]
    command = [sys.executable, "-c", WAITS, *arguments]
    with subprocess.Popen(command, env={**os.environ, **more}, stdout=subprocess.PIPE) as left:
        assert left.stdout is not None
        left.stdout.readline()
        try:
            assert [process.pid for process in processes_of(tmp_path)] == [left.pid]
        finally:
            left.kill()
    assert processes_of(tmp_path) == []
