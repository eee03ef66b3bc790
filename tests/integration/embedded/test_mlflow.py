"""The MLflow server of the tests is a real one, in one process."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest

from evermodel.embedded import mlflow_server as server
from evermodel.embedded.process import recorded


def ask(uri: str, path: str, body: object | None = None) -> dict[str, object]:
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    request = Request(f"{uri}{path}", data=data, headers=kind)  # our own server
    with urlopen(request, timeout=20) as answer:  # our own server
        found: dict[str, object] = json.load(answer)
        return found


def test_an_experiment_survives_a_restart_at_the_same_address(tmp_path: Path) -> None:
    with server.mlflow(tmp_path) as uri:
        made = ask(uri, "/api/2.0/mlflow/experiments/create", {"name": "x"})
        (record,) = recorded(tmp_path / "processes")
        assert psutil.Process(record.pid).children() == []
    with server.mlflow(tmp_path) as again:
        assert again == uri
        found = ask(uri, "/api/2.0/mlflow/experiments/get-by-name?experiment_name=x")
    experiment = found["experiment"]
    assert isinstance(experiment, dict)
    assert experiment["experiment_id"] == made["experiment_id"]
    assert str(experiment["artifact_location"]).startswith("mlflow-artifacts:/")
    assert not recorded(tmp_path / "processes")


@pytest.mark.whole
@pytest.mark.guarantee(
    "security",
    fault="a file mlflow.py or uvicorn.py lies in the folder where the stack's MLflow server runs",
    promise="it is not imported",
    seen="nothing",
)
@pytest.mark.parametrize("name", ["mlflow", "uvicorn"])
def test_the_server_imports_nothing_of_its_folder(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "imported"
    (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w').close(); raise SystemExit(1)")
    with server.mlflow(tmp_path):
        assert not mark.exists()
