"""`evermodel up` with every real service, to its end: by Ctrl-C, and by ``kill -9``."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from evermodel.cli.main import run
from evermodel.embedded.process import recorded
from evermodel.embedded.services import ROLES
from tests.e2e.processes import processes_of
from tests.integration.services import up

EVERYBODY = {"kafka", "mlflow", *(role.name for role in ROLES)}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def state(tmp_path: Path) -> list[str]:
    """Where it keeps its state, in full: that is how its processes are told from others."""
    return ["--state", str(tmp_path / "state")]


@pytest.fixture
def stack(
    tmp_path: Path, state: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator["subprocess.Popen[str]"]:
    """The whole stack, as a process of its own, every process of it started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with up(tmp_path, *state) as process:
        while {record.name for record in recorded(tmp_path / "state/processes")} != EVERYBODY:
            Event().wait(0.05)
        yield process


def test_ctrl_c_ends_every_service_within_ten_seconds(
    stack: "subprocess.Popen[str]",
    tmp_path: Path,
    state: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["doctor", *state]) == 0
    while len(processes_of(tmp_path)) <= len(EVERYBODY):  # each, and who keeps them running
        Event().wait(0.05)  # one that just becomes another program has no environment to look at
    stack.send_signal(signal.SIGINT)
    assert stack.wait(timeout=10) == 130
    assert processes_of(tmp_path) == []
    assert run(["status", *state]) == 3
    assert "does not run: start it with 'evermodel up'" in capsys.readouterr().err


def test_after_kill_9_down_ends_what_is_left(
    stack: "subprocess.Popen[str]", tmp_path: Path, state: list[str]
) -> None:
    os.kill(stack.pid, signal.SIGKILL)
    stack.wait()
    assert run(["down", *state]) == 0
    assert processes_of(tmp_path) == []
