"""Who loads a model, which is a program, and what it could find there.

Candidates are trained, judged and served in processes whose environment is made from nothing. The
twin alone loads in its own, where there are no passwords. What a served model finds is looked at in
``tests/faults/scoring``.
"""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from evermodel.common.runtime.bounded import Bounds
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.ports import ReportFailed
from evermodel.registrar.adapters.child_evaluation import ChildEvaluation
from evermodel.registrar.adapters.plan import Bundle
from evermodel.registrar.adapters.plan import Plan as Case
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.trainer.ports import ChildFailed
from tests.faults.security.dangers import ROOT, production
from tests.integration.trainer.lakes import plan
from tests.unit.drift.alarms import alarm
from tests.unit.drift.windows import REFERENCE
from tests.unit.registrar.samples import DIGEST, MODEL

#: What may lie in a service's environment, by who needs it.
BROKERS = {
    "KAFKA_SASL_PASSWORD": "planted-1",
    "KAFKA_SASL_PASSWORD_FILE": "/planted-2",
    "EVERMODEL_HTTP_TOKEN": "planted-3",
    "EVERMODEL_CONFIG_REPOSITORY": "https://planted-4@git.example/x",
    "SSH_AUTH_SOCK": "/planted-5",
}
STORES = {
    "MLFLOW_TRACKING_URI": "http://ada:planted-6@mlflow.example",
    "MLFLOW_TRACKING_PASSWORD": "planted-7",
    "AWS_SECRET_ACCESS_KEY": "planted-8",
}
#: Writes down its environment, and ends without having done anything.
TELL = "import json, os, sys\njson.dump(dict(os.environ), open({!r}, 'w'))\nsys.exit(3)\n"


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**BROKERS, **STORES}.items():
        monkeypatch.setenv(name, value)


def told(file: Path) -> dict[str, str]:
    """Return what the stand-in wrote down; it is not all that a process has."""
    found: dict[str, str] = json.loads(file.read_text())
    assert found["LANG"] == "C.UTF-8", "it ran"
    return found


def secrets_in(environment: dict[str, str]) -> set[str]:
    return {name for name, value in environment.items() if "planted" in value}


@pytest.mark.guarantee(
    "security",
    fault="a training, or what it imports, looks for passwords in its environment",
    promise="there is none: the environment is made from nothing",
    seen="/proc/<pid>/environ of evermodel.trainer.child",
)
def test_a_training_is_told_no_secret(tmp_path: Path) -> None:
    (tmp_path / "stand_in.py").write_text(TELL.format(str(tmp_path / "told.json")))
    folder = tmp_path / "work"
    folder.mkdir()
    child = ProcessChild(
        monotonic=time.monotonic,
        cache=tmp_path / "cache",
        command=(sys.executable, str(tmp_path / "stand_in.py")),
    )
    with pytest.raises(ChildFailed):
        child.run(plan(tmp_path), folder=folder)
    assert secrets_in(told(tmp_path / "told.json")) == set()


@pytest.mark.guarantee(
    "security",
    fault="a candidate's graph looks for passwords where it is judged",
    promise="there is none in its environment",
    seen="/proc/<pid>/environ of evermodel.registrar.child",
)
def test_an_evaluation_is_told_no_secret(tmp_path: Path) -> None:
    (tmp_path / "stand_in.py").write_text(TELL.format(str(tmp_path / "told.json")))
    run = ChildEvaluation(
        max_seconds=60,
        max_memory_mb=512,
        home=tmp_path,
        module="stand_in",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    run(Case(model=MODEL, candidate=Bundle(path="x", digest=DIGEST), holdout="x"), tmp_path)
    assert secrets_in(told(tmp_path / "told.json")) == set()


@pytest.mark.guarantee(
    "security",
    fault="a drift report, or what it imports, looks for passwords in its environment",
    promise="it finds MLflow's, which it writes to, and no broker's, Git's or console's",
    seen="/proc/<pid>/environ of evermodel.drift.child",
)
def test_a_report_is_told_mlflows_secrets_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stand_in.py").write_text(TELL.format(str(tmp_path / "told.json")))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text(
        f'#!/bin/sh\nexec {os.path.realpath(sys.orig_argv[0])} "{tmp_path}/stand_in.py"\n'
    )
    (tmp_path / "python").chmod(0o755)
    reports = ProcessReports(
        lake=tmp_path, tracking_uri="http://x", work=tmp_path / "work", bounds=Bounds(60, 512)
    )
    with pytest.raises(ReportFailed):
        reports.file(alarm("a1", REFERENCE))
    assert secrets_in(told(tmp_path / "told.json")) == set(STORES)


@pytest.mark.guarantee(
    "security",
    fault="a SavedModel, which is a program, is loaded where passwords are",
    promise="nowhere: trainings, evaluations and the scoring process are children without any",
    seen="SECURITY.md; python -m evermodel.scorer.child",
)
def test_models_are_loaded_in_children_and_in_the_twin_and_nowhere_else() -> None:
    loads = [f for f in production() if "saved_model.load(" in f.read_text("utf-8")]
    assert [f.name for f in loads] == ["scoring.py"]
    users = [
        f.relative_to(ROOT).as_posix().partition("src/evermodel/")[2]
        for f in production()
        if "from evermodel.artefact.scoring import" in f.read_text("utf-8")
    ]
    assert users == [
        "registrar/child/evaluation.py",
        "scorer/adapters/tensorflow_scoring.py",
        "scorer/child/serving.py",
        "trainer/child/training.py",
    ]
    twins = [
        f.relative_to(ROOT).as_posix().partition("src/evermodel/")[2]
        for f in production()
        if "adapters.tensorflow_scoring import" in f.read_text("utf-8")
    ]
    assert twins == ["twin/assembly.py"]
