"""A trainer on the real loop whose runs lie in a real MLflow; its child does as it is told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import ModelName
from evermodel.common.models.file import parse_model
from evermodel.common.testing.harness import Harness
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.adapters.mlflow_runs import MlflowRuns
from evermodel.trainer.ports import BUNDLE, HOLDOUT, REPORT, Plan, Report
from evermodel.trainer.wiring import assemble
from tests.unit.trainer.bench import MADE, day

#: What a training leaves: several files, one of which takes several reads.
FILES = {
    f"{BUNDLE}/bundle.json": b"{}",
    f"{BUNDLE}/saved_model/saved_model.pb": bytes(range(256)) * 1024,
    HOLDOUT: b"PAR1 rows",
}


class Child:
    """Leaves a model at once."""

    def __init__(self) -> None:
        self.trainings, self.files = 0, FILES

    def run(self, plan: Plan, *, folder: Path) -> Report:
        self.trainings += 1
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        (folder / REPORT).write_text(MADE.model_dump_json())
        return MADE


class Training:
    """One trainer of the model `name`, whose run store answers at `uri`."""

    def __init__(self, name: str, uri: str, folder: Path, *, pause: Any = None) -> None:
        self.name, self.child, self.paused = name, Child(), list[float]()
        self.harness = Harness()
        text = f'[model]\nname = "{name}"\n[stream]\ntime = "T"\nlabel = "L"\n'
        model = parse_model(text + '[features]\ncontinuous = ["A"]\n', source="test")
        self.harness.add(
            assemble(
                models={name: model},
                child=self.child,
                runs=MlflowRuns(uri),
                workspace=FolderWorkspace(folder / "work"),
                lake="lake",
                pause=pause or self.paused.append,
            )
        )

    def trained(self) -> ModelTrained:
        """Order a training, and return the one event that came of it."""
        order = LifecycleCommand(
            model=ModelName(self.name), command="retrain", who="anna", why="a test"
        )
        self.harness.publish(order, time=day(30))
        self.harness.run()
        (event,) = self.harness.events(ModelTrained)
        assert self.harness.dead_letters("trainer") == []
        return event.payload


def assert_one_finished_run(
    event: ModelTrained, training: Training, *, server: str, into: Path
) -> None:
    """Require one training, and one finished run, the event's, with every file whole."""
    assert (event.outcome, training.child.trainings) == ("trained", 1), event.reason
    (run,) = [run for run in runs(training.name, server) if run.info.status == "FINISHED"]
    assert run.info.run_id == event.run_id
    assert files(run.info.run_id, server, into) == FILES


def runs(name: str, server: str) -> list[Any]:
    """Return all runs of the model `name` that lie in the server itself."""
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name(name)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def files(
    run_id: str, server: str, into: Path, *, paths: Iterable[str] = FILES
) -> dict[str, bytes]:
    """Return what lies in the run, of what a training leaves."""
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=server)
    return {
        path: Path(client.download_artifacts(run_id, path, str(into))).read_bytes()
        for path in paths
    }
