"""`evermodel up` to its end: by Ctrl-C, and by `evermodel down` from elsewhere."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from evermodel.cli.main import run
from evermodel.embedded.process import recorded
from evermodel.embedded.services import ROLES

MODEL = """
[model]
name = "m"
[stream]
time = "t"
label = "y"
[features]
continuous = ["x"]
"""


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[str]"]:
    """A stack of broker and MLflow alone, as a process of its own, all said to be up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    (tmp_path / "model.toml").write_text(MODEL)
    none = [word for role in ROLES for word in ("--replicas", f"{role.name}=0")]
    command = [sys.executable, "-m", "evermodel.cli", "up", "--model", "model.toml", *none]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("state "):
                break
        yield process
        process.kill()


@pytest.mark.parametrize(("by", "code"), [("Ctrl-C", 130), ("down", 0)])
def test_it_ends_within_ten_seconds_and_leaves_nothing(
    up: "subprocess.Popen[str]", by: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    records = recorded(Path(".evermodel/processes"))
    assert {record.name for record in records} == {"kafka", "mlflow"}
    assert run(["doctor"]) == 0
    if by == "Ctrl-C":
        up.send_signal(signal.SIGINT)
    else:
        assert run(["down"]) == 0
        assert f"process {up.pid}" in capsys.readouterr().out
    assert up.wait(timeout=10) == code
    assert not [record.pid for record in records if psutil.pid_exists(record.pid)]
    assert run(["status"]) == 3
    assert "does not run: start it with 'evermodel up'" in capsys.readouterr().err
