"""One event again and again, each time to a service that knows of no earlier one; real MLflow."""

from pathlib import Path

import pytest

from tests.faults.mlflow.registering import Registering, recorded, versions
from tests.faults.mlflow.training import Training, assert_one_finished_run, runs

pytestmark = [
    pytest.mark.whole,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

TIMES = 500
SEEN = "evermodel_events_total, outcome handled; the same run, the same version in each event"


@pytest.mark.guarantee(
    "outside",
    fault=f"a training's order is delivered {TIMES} times, to a new process each time",
    promise="one run, and every model.trained names it",
    seen=SEEN,
)
def test_one_order_is_one_run_in_a_real_mlflow(
    name: str, mlflow_server: str, tmp_path: Path
) -> None:
    first = Training(name, mlflow_server, tmp_path)
    event = first.trained()
    for _ in range(TIMES - 1):
        again = Training(name, mlflow_server, tmp_path)
        assert again.trained() == event
        assert again.child.trainings == 0
    assert_one_finished_run(event, first, server=mlflow_server, into=tmp_path)
    assert len(runs(name, mlflow_server)) == 1


@pytest.mark.guarantee(
    "outside",
    fault=f"a training is delivered {TIMES} times, to a new registrar each time",
    promise="one verdict, one version with its alias",
    seen=SEEN,
)
def test_one_training_is_one_version_in_a_real_mlflow(
    name: str, mlflow_server: str, tmp_path: Path
) -> None:
    run = recorded(mlflow_server, tmp_path)
    first = Registering(name, mlflow_server, tmp_path).validated(run)
    assert (first.verdict, first.version) == ("accepted", 1), first.reasons
    for _ in range(TIMES - 1):
        assert Registering(name, mlflow_server, tmp_path).validated(run) == first
    (version,) = versions(name, mlflow_server)
    assert version.aliases == ["challenger"]
