"""`evermodel doctor` tells who should run and does not, whatever else it finds."""

from pathlib import Path

import pytest

from evermodel.cli.examination import examine
from evermodel.embedded import lock
from evermodel.embedded.notes import Note, Notes


def test_a_process_that_is_down_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    up = Note(name="scorer", state="running", pid=1, restarts=1, last_exit_code=-9)
    due = Note(name="trainer", state="restarting", pid=None, restarts=0, last_exit_code=None)
    down = Note(name="deployer", state="restarting", pid=None, restarts=5, last_exit_code=3)
    Notes(tmp_path / "processes").write([up, due, down])
    with lock.held(tmp_path):
        found = [finding for finding in examine(tmp_path) if finding.what == "processes"]
    assert [finding.detail for finding in found] == ["deployer is down; it ended with 3"]
    assert f"{tmp_path}/logs/deployer.log" in found[0].remedy
    assert not [finding for finding in examine(tmp_path) if finding.what == "processes"]
