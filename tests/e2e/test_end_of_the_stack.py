"""`evermodel up` with every real service, to its end: by Ctrl-C, and by ``kill -9``."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from evermodel.cli.main import run
from evermodel.embedded.process import recorded
from evermodel.embedded.services import ROLES
from tests.e2e.processes import processes_of

MODEL = """
[model]
name = "m"
[stream]
time = "t"
label = "y"
[features]
continuous = ["x"]
"""
EVERYBODY = {"kafka", "mlflow", *(role.name for role in ROLES)}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[str]"]:
    """The whole stack, as a process of its own, every process of it started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    (tmp_path / "model.toml").write_text(MODEL)
    command = [sys.executable, "-m", "evermodel.cli", "up", "--model", "model.toml"]
    command += ["--state", str(tmp_path / "state")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("state "):
                break
        while {record.name for record in recorded(tmp_path / "state/processes")} != EVERYBODY:
            Event().wait(0.05)
        yield process
        process.kill()


def test_ctrl_c_ends_every_service_within_ten_seconds(
    up: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert len(processes_of(tmp_path)) > len(EVERYBODY), "each, and who keeps them running"
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=10) == 130
    assert processes_of(tmp_path) == []


def test_after_kill_9_down_ends_what_is_left(up: "subprocess.Popen[str]", tmp_path: Path) -> None:
    os.kill(up.pid, signal.SIGKILL)
    up.wait()
    assert run(["down", "--state", str(tmp_path / "state")]) == 0
    assert processes_of(tmp_path) == []
