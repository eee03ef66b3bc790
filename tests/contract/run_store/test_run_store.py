"""What every run store promises, held against MLflow itself and against folders."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evermodel.common.events.payload import Span
from evermodel.common.events.training import Metric
from evermodel.common.kernel.ids import EventId, ModelName, ReferenceId, plain
from evermodel.common.models.description import ModelDescription
from evermodel.trainer.adapters.folder_runs import FolderRuns
from evermodel.trainer.adapters.mlflow_runs import CAUSED_BY, SECONDS, MlflowRuns
from evermodel.trainer.ports import Plan, Report, RunStore, Unavailable
from tests.faults.schedules.numbered_runs import NumberedRuns

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = ModelDescription.model_validate(
    {
        "model": {"name": "fraud"},
        "stream": {"time": "t", "label": "y"},
        "features": {"continuous": ["amount"]},
    }
)
PLAN = Plan(model=MODEL, lake="lake", span=Span(start=NOW - timedelta(days=28), end=NOW), as_of=NOW)
REPORT = Report(
    outcome="trained",
    reason="trained on 10 rows",
    digest="sha256:" + "a" * 64,
    threshold=0.25,
    reference_id=ReferenceId("r"),
    data=PLAN.span,
    rows=10,
    frauds=2,
    dataset_digest="sha256:" + "b" * 64,
    metrics=(Metric(name="recall", value=0.5, lower=0.1, upper=0.9, n=2),),
    parameters={"seed": "7"},
)

Stores = Callable[[], RunStore]


@pytest.fixture(params=["mlflow", "folders", "numbered"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    """Make a store anew over the same ground, as a restarted service does."""
    if request.param == "mlflow":
        uri = request.getfixturevalue("mlflow_server")
        return lambda: MlflowRuns(uri)
    if request.param == "numbered":
        (tmp_path / "runs").mkdir()
        return lambda: NumberedRuns(tmp_path / "runs")
    return lambda: FolderRuns(tmp_path / "runs")


@pytest.fixture
def cause(request: pytest.FixtureRequest) -> EventId:
    """A cause of each test's own: the MLflow server outlives it."""
    return EventId(plain(f"cause-{request.node.nodeid}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "bundle" / "saved_model").mkdir(parents=True)
    (made / "bundle" / "bundle.json").write_text("{}")
    (made / "bundle" / "saved_model" / "saved_model.pb").write_bytes(b"\0graph")
    (made / "report.json").write_text(REPORT.model_dump_json())
    (made / "holdout.parquet").write_bytes(b"PAR1")
    return made


def record(store: RunStore, folder: Path, cause: EventId) -> str:
    run = store.record(folder, report=REPORT, plan=PLAN, cause=cause, caused_at=NOW, seconds=7.5)
    assert run.report == REPORT
    assert run.bundle_uri == f"runs:/{run.run_id}/bundle"
    assert run.holdout_uri == f"runs:/{run.run_id}/holdout.parquet"
    return run.run_id


def test_what_was_never_recorded_is_not_found(stores: Stores, cause: EventId) -> None:
    assert stores().find(model=MODEL.name, cause=cause) is None


def test_what_was_recorded_is_found_again_by_its_cause(
    stores: Stores, folder: Path, cause: EventId
) -> None:
    run_id = record(stores(), folder, cause)
    found = stores().find(model=MODEL.name, cause=cause)
    assert found is not None
    assert (found.run_id, found.report) == (run_id, REPORT)


@pytest.mark.guarantee(
    "crash",
    fault="a trainer hangs while it records a run, is given up, and comes back when another has "
    "recorded it",
    promise="one finished run: the second finds it and answers with it; its own is marked failed",
    seen="log 'counts no more'; in MLflow its own half is FAILED",
)
def test_a_run_that_another_recorded_meanwhile_is_the_only_one(
    stores: Stores, folder: Path, cause: EventId, caplog: pytest.LogCaptureFixture
) -> None:
    zombie = stores()
    assert zombie.find(model=MODEL.name, cause=cause) is None
    first = record(stores(), folder, cause)
    assert record(zombie, folder, cause) == first
    if isinstance(zombie, MlflowRuns):
        assert "counts no more" in caplog.text
    found = stores().find(model=MODEL.name, cause=cause)
    assert found is not None
    assert found.run_id == first


def test_each_cause_has_its_own_run(stores: Stores, folder: Path, cause: EventId) -> None:
    record(stores(), folder, cause)
    other = EventId(f"{cause}-other")
    assert stores().find(model=MODEL.name, cause=other) is None
    assert stores().find(model=ModelName("another"), cause=cause) is None
    assert record(stores(), folder, other) != record(stores(), folder, cause)


def test_folders_give_the_same_run_id_in_every_run(folder: Path, tmp_path: Path) -> None:
    cause = EventId("c")
    ids = {record(FolderRuns(tmp_path / name), folder, cause) for name in ("a", "b")}
    assert len(ids) == 1
    (run_id,) = ids
    graph = tmp_path / "a" / run_id / "bundle" / "saved_model" / "saved_model.pb"
    assert graph.read_bytes() == b"\0graph"


def test_a_run_that_a_crash_left_half_done_is_marked_failed_and_not_returned(
    mlflow_server: str, folder: Path, cause: EventId
) -> None:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=mlflow_server)
    found = client.get_experiment_by_name("fraud")
    experiment = found.experiment_id if found else client.create_experiment("fraud")
    half = client.create_run(experiment, tags={CAUSED_BY: cause}).info.run_id
    store = MlflowRuns(mlflow_server)
    assert store.find(model=MODEL.name, cause=cause) is None
    assert client.get_run(half).info.status == "FAILED"
    run_id = record(store, folder, cause)
    again = store.find(model=MODEL.name, cause=cause)
    assert again is not None
    assert again.run_id == run_id != half


def test_mlflow_keeps_the_files_the_figures_and_the_cause(
    mlflow_server: str, folder: Path, cause: EventId, tmp_path: Path
) -> None:
    from mlflow.artifacts import download_artifacts  # noqa: PLC0415  # seconds
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    run_id = record(MlflowRuns(mlflow_server), folder, cause)
    run = MlflowClient(tracking_uri=mlflow_server).get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["recall"] == 0.5
    assert run.data.metrics["recall_lower"] == 0.1
    assert run.data.metrics[SECONDS] == 7.5
    assert run.data.params["seed"] == "7"
    assert run.data.tags[CAUSED_BY] == cause
    got = download_artifacts(
        artifact_uri=f"runs:/{run_id}/bundle", dst_path=str(tmp_path), tracking_uri=mlflow_server
    )
    assert (Path(got) / "saved_model" / "saved_model.pb").read_bytes() == b"\0graph"


def test_a_server_that_does_not_answer_is_unavailable_and_nothing_else(
    cause: EventId,
) -> None:
    with pytest.raises(Unavailable):
        MlflowRuns("http://127.0.0.1:9").find(model=MODEL.name, cause=cause)
