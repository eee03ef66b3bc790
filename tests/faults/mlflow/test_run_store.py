"""Whatever MLflow does at whatever step of recording: one training, one event, one finished run."""

import logging
from pathlib import Path

import pytest

from tests.faults.mlflow.gateway import Gateway
from tests.faults.mlflow.spoils import ANSWERS, cases
from tests.faults.mlflow.training import FILES, Training, assert_one_finished_run

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

#: By the words of a cell: "METHOD path", and how many such requests pass before.
STEPS = {
    "when a run is looked up": ("GET .*/experiments/get-by-name", 0),
    "when a run is made": ("POST .*/runs/create", 0),
    "between a run and its artefacts": ("POST .*/runs/log-batch", 0),
    "at the first artefact": ("PUT .*/mlflow-artifacts/", 0),
    "at the last artefact": ("PUT .*/mlflow-artifacts/", len(FILES)),
    "between artefacts and finish": ("POST .*/runs/update", 0),
}
QUICK = [
    ("at the first artefact", "says 200 with a page for people"),
    ("between artefacts and finish", "does it, and the answer is lost"),
]
WAITS = "trainer logs 'a training waits, again in 1 s: …'"


@pytest.mark.guarantee(
    "outside",
    fault="MLflow {answer} {step}",
    promise="one training, one finished run with every artefact whole, one model.trained",
    seen=WAITS,
)
@pytest.mark.parametrize(("step", "answer"), cases(STEPS, quick=QUICK))
def test_one_training_is_one_finished_run_whatever_mlflow_answers(
    step: str,
    answer: str,
    gateway: Gateway,
    name: str,
    mlflow_server: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fits, left_out = STEPS[step]
    # Twice: what is waited for once may be waited for again.
    rule = gateway.spoil(fits, ANSWERS[answer], left_out=left_out, times=2)
    training = Training(name, gateway.uri, tmp_path)
    with caplog.at_level(logging.WARNING):
        event = training.trained()
    assert_one_finished_run(event, training, server=mlflow_server, into=tmp_path)
    assert rule.met > rule.left_out, "nothing was spoilt"
    assert "a training waits, again in 1 s" in caplog.text
