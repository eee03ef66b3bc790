"""Ids and references that an outsider chose for their event: never a path, never a query."""

from pathlib import Path

import pytest

from evermodel.common.kernel.ids import EventId, ModelName, plain
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.profile.reference import BadReference
from evermodel.registrar.adapters.directory_artefacts import DirectoryArtefacts
from evermodel.registrar.adapters.mlflow_registry import MlflowRegistry
from evermodel.registrar.adapters.plan import Plan
from evermodel.registrar.adapters.staged_evaluator import StagedEvaluator
from evermodel.registrar.domain.evidence import Evaluation, NotEvaluated
from evermodel.registrar.ports import Candidate, Case
from evermodel.trainer.adapters import mlflow_runs
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from tests.unit.registrar.samples import MODEL, artefact

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

#: `{victim}` is a folder that is none of evermodel's business.
PATHS = {
    "a path upwards": "../../victim",
    "a hidden path upwards": "a/../../../victim",
    "an absolute path": "{victim}",
    "a home folder": "~root",
    "a NUL byte": "a\0b",
    "ten thousand characters": "x" * 10_000,
    "an option": "-rf",
}
QUERIES = {
    "a quote": "it's",
    "another search": "x' or tags.`evermodel.trained_by` = 'trained-1",
    "a wildcard": "%",
    "both kinds of quotes": "\"'`",
}


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "kept").write_text("not yours")
    return folder


@pytest.mark.guarantee(
    "security",
    fault="model.trained has {kind} for an id",
    promise="the evaluation's folder lies below the registrar's own; nothing else is touched",
    seen="work/registrar/evaluations holds one folder with a name of ours",
)
@pytest.mark.parametrize("kind", PATHS)
def test_an_evaluation_stays_in_its_folder(kind: str, victim: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "new" / "bundle").mkdir(parents=True)
    (tmp_path / "runs" / "new" / "bundle" / "bundle.json").write_text("{}")
    (tmp_path / "runs" / "new" / "holdout.parquet").write_bytes(b"PAR1")
    places: list[Path] = []

    def run(_plan: Plan, folder: Path) -> Evaluation:
        places.append(folder)
        return NotEvaluated("stands for any")

    store = DirectoryArtefacts(tmp_path / "runs")
    evaluator = StagedEvaluator(store=store, run=run, work=tmp_path / "work")
    case = Case(
        key=PATHS[kind].format(victim=victim),
        model=MODEL,
        candidate=artefact(uri="runs:/new/bundle"),
        champion=None,
        holdout_uri="runs:/new/holdout.parquet",
    )
    evaluator.evaluate(case)
    (place,) = places
    assert place.parent == tmp_path / "work" / "evaluations"
    assert (victim / "kept").read_text() == "not yours"


@pytest.mark.guarantee(
    "security",
    fault="drift.detected has {kind} for an id",
    promise="the training's folder lies below the trainer's own; nothing else is touched",
    seen="work/training-<id>, with an id of ours",
)
@pytest.mark.parametrize("kind", PATHS)
def test_a_training_stays_in_its_folder(kind: str, victim: Path, tmp_path: Path) -> None:
    workspace = FolderWorkspace(tmp_path / "work")
    key = PATHS[kind].format(victim=victim)
    folder = workspace.folder(key)
    assert folder.parent == tmp_path / "work"
    workspace.discard(key)
    assert not folder.exists()
    assert (victim / "kept").read_text() == "not yours"


@pytest.mark.parametrize("kind", [*PATHS, *QUERIES])
def test_a_chosen_id_becomes_one_of_ours_and_always_the_same(kind: str) -> None:
    chosen = {**PATHS, **QUERIES}[kind]
    assert plain(chosen) == plain(chosen) != chosen
    assert plain(plain(chosen)) == plain(chosen)
    assert plain("0b5a1f62-6a3c-5d7e-9b1c-2f3e4d5c6b7a") == "0b5a1f62-6a3c-5d7e-9b1c-2f3e4d5c6b7a"


@pytest.mark.guarantee(
    "security",
    fault="an event has {kind} for an id, and MLflow is searched by it",
    promise="the search finds the run and the version of this very event",
    seen="one version, tagged evermodel.trained_by with an id of ours",
)
@pytest.mark.parametrize("kind", QUERIES)
def test_a_search_by_a_chosen_id_finds_no_other(kind: str, mlflow_server: str) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415  # 2.5 s

    client = MlflowClient(tracking_uri=mlflow_server)
    registry, model = MlflowRegistry(mlflow_server), ModelName(f"chosen_{len(QUERIES[kind])}")
    experiment = client.create_experiment(model)
    run = client.create_run(experiment).info.run_id
    others = artefact(uri=f"runs:/{run}/bundle")

    def version(event: str) -> int:
        cause = EventId(event)
        candidate = Candidate(trained_by=cause, lifecycle_id=None, run_id=run, artefact=others)
        return registry.register(model, candidate=candidate).version

    assert version("trained-1") == 1
    assert [version(QUERIES[kind]) for _ in range(2)] == [2, 2]

    def finished(event: str) -> str:
        tags = {mlflow_runs.CAUSED_BY: plain(event)}
        made: str = client.create_run(experiment, tags=tags).info.run_id
        client.set_terminated(made, "FINISHED")
        return made

    runs = [finished(event) for event in ("trained-1", QUERIES[kind])]
    assert mlflow_runs._only_first(client, model, EventId(QUERIES[kind])) == runs[1]
    assert client.get_run(runs[0]).info.status == "FINISHED"


@pytest.mark.guarantee(
    "security",
    fault="a payment's scores or a step name {kind} for a reference",
    promise="no file is read: it is not the id of a reference",
    seen="drift-windower: 'is not the id of a reference'",
)
@pytest.mark.parametrize("kind", PATHS)
def test_a_reference_is_no_path(kind: str, victim: Path, tmp_path: Path) -> None:
    chosen = PATHS[kind].format(victim=victim)
    with pytest.raises(BadReference, match="is not the id of a reference"):
        LakeReferences(tmp_path).get("fraud", chosen)
