"""Whatever MLflow does at whatever step of registering: one judgement, one version, one alias."""

import logging
from pathlib import Path

import pytest

from tests.faults.mlflow.gateway import Gateway
from tests.faults.mlflow.registering import Registering, recorded, versions
from tests.faults.mlflow.spoils import ANSWERS, answer_cut, cases

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

#: By the words of a cell: "METHOD path" of what is spoilt.
STEPS = {
    "when a judgement is looked up": "GET .*/registered-models/get",
    "when a candidate is fetched": "GET .*/mlflow-artifacts/artifacts/.*model.pb",
    "when artefacts are listed": "GET .*/mlflow-artifacts/artifacts[?]",
    "when a judgement is kept": "POST .*/registered-models/set-tag",
    "when a version is made": "POST .*/model-versions/create",
    "between version and alias": "POST .*/registered-models/alias",
}
QUICK = [
    ("when a candidate is fetched", "hangs up"),
    ("when a version is made", "does it, and the answer is lost"),
]
WAITS = "registrar logs 'tried again in 1.0 s: MLflow …'; evermodel_events_total, outcome retried"


def one_version(registering: Registering, server: str, folder: Path) -> None:
    """Require one event, and one version with its alias, of one training."""
    said = registering.validated(recorded(server, folder))
    assert (said.verdict, said.version) == ("accepted", 1), said.reasons
    (version,) = versions(registering.name, server)
    assert version.aliases == ["challenger"]


@pytest.mark.guarantee(
    "outside",
    fault="MLflow {answer} {step}",
    promise="one judgement, one version, one alias, one model.validated",
    seen=WAITS,
)
@pytest.mark.parametrize(("step", "answer"), cases(STEPS, quick=QUICK))
def test_one_training_is_one_version_whatever_mlflow_answers(
    step: str,
    answer: str,
    gateway: Gateway,
    name: str,
    mlflow_server: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rule = gateway.spoil(STEPS[step], ANSWERS[answer])
    with caplog.at_level(logging.WARNING):
        one_version(Registering(name, gateway.uri, tmp_path), mlflow_server, tmp_path)
    assert rule.met, "nothing was spoilt"


@pytest.mark.guarantee(
    "outside",
    fault="an artefact is cut short on its way to the registrar",
    promise="fetched again; the candidate is not blamed, one version",
    seen=WAITS,
)
def test_an_artefact_cut_short_on_its_way_is_fetched_again_and_blamed_on_nobody(
    gateway: Gateway,
    name: str,
    mlflow_server: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway.spoil(STEPS["when a candidate is fetched"], answer_cut, times=2)
    one_version(Registering(name, gateway.uri, tmp_path), mlflow_server, tmp_path)
    assert "tried again in 1.0 s: MLflow" in caplog.text
