"""`evermodel up` ended from elsewhere, by `evermodel down`; otherwise than that: ``tests/e2e``."""

from pathlib import Path

import psutil
import pytest

from evermodel.cli.main import run
from evermodel.embedded.process import recorded
from evermodel.embedded.services import ROLES
from tests.integration.services import up


def test_down_ends_it_within_ten_seconds_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    none = [word for role in ROLES for word in ("--replicas", f"{role.name}=0")]
    with up(tmp_path, *none) as process:
        records = recorded(Path(".evermodel/processes"))
        assert {record.name for record in records} == {"kafka", "mlflow"}
        assert run(["down"]) == 0
        assert f"process {process.pid}" in capsys.readouterr().out
        assert process.wait(timeout=10) == 0
    assert not [record.pid for record in records if psutil.pid_exists(record.pid)]
    assert run(["status"]) == 3
    assert "does not run: start it with 'evermodel up'" in capsys.readouterr().err
