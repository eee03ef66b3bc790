"""The promises of kept judgements, kept alike by MLflow and by the twin's folder."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from evermodel.common.events.validation import GateResult, ModelValidated
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.registrar.adapters import mlflow_judgements
from evermodel.registrar.adapters.directory_judgements import DirectoryJudgements
from evermodel.registrar.adapters.mlflow_judgements import JUDGED, MlflowJudgements
from evermodel.registrar.ports import Judgements

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]


@pytest.fixture(params=["folder", "mlflow"])
def judgements(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Judgements]:
    if request.param == "folder":
        yield DirectoryJudgements(tmp_path)
    else:
        yield MlflowJudgements(request.getfixturevalue("mlflow_server"))


@pytest.fixture
def model(request: pytest.FixtureRequest) -> ModelName:
    return ModelName("judged_" + request.node.name.partition("[")[0][-40:].strip("_"))


def judgement(model: ModelName, event: str, *, slices: int = 2) -> ModelValidated:
    random = Random(slices)
    gates = tuple(
        GateResult(
            gate=f"slice:merchant=level {n}",
            verdict="pass",
            value=random.random(),
            lower=random.random(),
            upper=random.random(),
            bound=-0.15,
            n=random.randrange(10_000),
        )
        for n in range(slices)
    )
    return ModelValidated(
        model=model,
        verdict="rejected",
        reasons=("parity: fail: 0.5 apart, at most 0.0001",),
        gates=gates,
        trained_by=EventId(event),
        champion=1,
    )


def test_a_model_that_was_never_judged_has_no_judgement(
    judgements: Judgements, model: ModelName
) -> None:
    assert judgements.find(model, trained_by=EventId("t1")) is None


@pytest.mark.parametrize("slices", [0, 40, 1_000])
def test_a_judgement_comes_back_as_it_was_kept_however_many_its_gates(
    judgements: Judgements, model: ModelName, slices: int
) -> None:
    said = judgement(model, "t1", slices=slices)
    for _ in range(2):
        judgements.keep(said)
    assert judgements.find(model, trained_by=EventId("t1")) == said


def test_the_judgement_of_another_event_is_not_an_answer(
    judgements: Judgements, model: ModelName
) -> None:
    judgements.keep(judgement(model, "t1"))
    assert judgements.find(model, trained_by=EventId("t2")) is None
    judgements.keep(judgement(model, "t2"))
    assert judgements.find(model, trained_by=EventId("t2")) == judgement(model, "t2")


def test_a_judgement_that_a_crash_left_half_kept_is_none_and_the_next_is(
    mlflow_server: str, model: ModelName, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = MlflowJudgements(mlflow_server)
    kept.keep(judgement(model, "t1", slices=1_000))
    tag, written = kept._client.set_registered_model_tag, 0

    def crash(*arguments: str) -> None:
        nonlocal written
        if written == 2:
            raise KeyboardInterrupt
        written += 1
        tag(*arguments)

    monkeypatch.setattr(kept._client, "set_registered_model_tag", crash)
    with pytest.raises(KeyboardInterrupt):
        kept.keep(judgement(model, "t2", slices=1_001))
    monkeypatch.undo()
    for event in ("t1", "t2"):
        assert kept.find(model, trained_by=EventId(event)) is None
    kept.keep(judgement(model, "t2", slices=1_001))
    assert kept.find(model, trained_by=EventId("t2")) == judgement(model, "t2", slices=1_001)


@pytest.mark.parametrize("planted", ["x:y", "-1:a", "999999999999:a", ":"])
@pytest.mark.timeout(30)
def test_a_tag_that_somebody_planted_is_no_judgement(
    mlflow_server: str, model: ModelName, planted: str
) -> None:
    kept = MlflowJudgements(mlflow_server)
    kept.keep(judgement(model, "t1"))
    kept._client.set_registered_model_tag(model, JUDGED, planted)
    assert kept.find(model, trained_by=EventId("t1")) is None
    kept.keep(judgement(model, "t1"))
    assert kept.find(model, trained_by=EventId("t1")) == judgement(model, "t1")


def test_a_judgement_larger_than_any_is_none(
    mlflow_server: str, model: ModelName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zipped text may be a thousand times as long as what is fetched."""
    kept = MlflowJudgements(mlflow_server)
    kept.keep(judgement(model, "t1"))
    monkeypatch.setattr(mlflow_judgements, "_LARGEST", 100)
    assert kept.find(model, trained_by=EventId("t1")) is None
