"""A person tidies MLflow up, and removes the experiment that a model's runs lie in."""

import logging
from pathlib import Path

import pytest

from tests.faults.mlflow.training import FILES, Training, files, runs

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]


@pytest.mark.guarantee(
    "outside",
    fault="the experiment of a model was deleted in MLflow when its training ends",
    promise="waited for until it is restored: one training, one finished run, one model.trained",
    seen="trainer logs 'a training waits, again in 1 s: the experiment '…' was deleted in MLflow: "
    "mlflow experiments restore -x …'",
)
def test_a_training_waits_until_its_experiment_is_restored(
    name: str, mlflow_server: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=mlflow_server)
    experiment = client.create_experiment(name)
    client.delete_experiment(experiment)
    training = Training(
        name, mlflow_server, tmp_path, pause=lambda _: client.restore_experiment(experiment)
    )
    with caplog.at_level(logging.WARNING):
        event = training.trained()
    assert (event.outcome, training.child.trainings) == ("trained", 1), event.reason
    (run,) = runs(name, mlflow_server)
    assert run.info.run_id == event.run_id
    (tmp_path / "told").mkdir()
    assert files(run.info.run_id, mlflow_server, tmp_path / "told") == FILES
    assert f"mlflow experiments restore -x {experiment}" in caplog.text
