"""`evermodel doctor` tells who should run and does not, whatever else it finds."""

from pathlib import Path

import pytest

from evermodel.cli import examination
from evermodel.cli.examination import examine, room_at
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.embedded import findings, lock
from evermodel.embedded.notes import Note, Notes
from tests.faults.disk import small_disk


def test_a_process_that_is_down_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    up = Note(name="scorer", state="running", pid=1, restarts=1, last_exit_code=-9)
    due = Note(name="trainer", state="restarting", pid=None, restarts=0, last_exit_code=None)
    told = {"pid": None, "restarts": 5, "last_exit_code": 3, "log": "/state/kafka/broker.log"}
    down = Note(name="kafka", state="restarting", **told)  # type: ignore[arg-type]
    Notes(tmp_path / "processes").write([up, due, down])
    with lock.held(tmp_path):
        found = [finding for finding in examine(tmp_path) if finding.what == "processes"]
    assert [finding.detail for finding in found] == ["kafka is down; it ended with 3"]
    assert "/state/kafka/broker.log" in found[0].remedy
    assert not [finding for finding in examine(tmp_path) if finding.what == "processes"]


@pytest.mark.guarantee(
    "outside",
    fault="the disk of a stack's folder has less than 64 MB left",
    promise="evermodel doctor says so",
    seen="doctor: 'wrong disk: … MB are left for …'",
)
def test_a_state_folder_without_room_is_wrong(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=512) as disk:
        if disk.way != "tmpfs":
            pytest.skip("no disk can be mounted here")
        (found,) = room_at(disk.root)
    assert found.verdict == "wrong"
    assert found.detail == f"0 MB are left for {disk.root}"
    (found,) = room_at(tmp_path)
    assert found.verdict == "well"
    assert not [*room_at(tmp_path / "none")]


def test_a_cluster_that_does_not_describe_its_topics_keeps_nothing_else_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> list[str]:
        raise BrokerUnavailable("Kafka refused or did not answer: Topic authorization failed.")

    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr(findings, "require_answer", lambda *_, **__: None)
    monkeypatch.setattr(findings, "check_topics", refused)
    monkeypatch.setattr(findings, "unusable", refused)
    monkeypatch.setattr(examination, "read", lambda settings, _: refused(settings))
    monkeypatch.setattr(findings, "_MLFLOW_SECONDS", 0.5)
    found = {finding.what: finding.verdict for finding in examine(tmp_path)}
    assert (found["broker"], found["topics"], found["serving"]) == ("well", "wrong", "unknown")
    assert {"mlflow", "lake", "models"} <= found.keys()
