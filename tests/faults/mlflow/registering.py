"""A registrar on the real loop over a real MLflow; its evaluation finds every whole model good."""

from pathlib import Path
from typing import Any

from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import ModelName
from evermodel.common.testing.harness import Harness
from evermodel.registrar.adapters.mlflow_artefacts import MlflowArtefacts
from evermodel.registrar.adapters.mlflow_judgements import MlflowJudgements
from evermodel.registrar.adapters.mlflow_registry import MlflowRegistry
from evermodel.registrar.adapters.plan import Plan
from evermodel.registrar.adapters.staged_evaluator import StagedEvaluator
from evermodel.registrar.domain.evidence import Evaluation, Unloadable
from evermodel.registrar.wiring import assemble
from tests.unit.registrar.samples import ALONE, DIGEST, MODEL, trained
from tests.unit.trainer.bench import day

MODEL_FILE = bytes(range(256)) * 512


def recorded(server: str, folder: Path) -> str:
    """Record a run as a trainer does; return its id."""
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=server)
    for path, content in (("bundle/v/model.pb", MODEL_FILE), ("holdout.parquet", b"rows")):
        (folder / "run" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "run" / path).write_bytes(content)
    run = client.create_run("0").info.run_id
    client.log_artifacts(run, str(folder / "run"))
    return str(run)


def evaluate(plan: Plan, _folder: Path) -> Evaluation:
    """As the child does: a model that is not what its digest says is never loaded."""
    got = (Path(plan.candidate.path) / "v" / "model.pb").read_bytes()
    return ALONE if got == MODEL_FILE else Unloadable("the bundle's digest is another")


class Registering:
    """One registrar of the model `name`, whose registry answers at `uri`."""

    def __init__(self, name: str, uri: str, folder: Path) -> None:
        self.name, self.harness = name, Harness()
        description = MODEL.model_copy(
            update={"model": MODEL.model.model_copy(update={"name": ModelName(name)})}
        )
        self.harness.add(
            assemble(
                models={name: description},
                registry=MlflowRegistry(uri),
                judgements=MlflowJudgements(uri),
                evaluator=StagedEvaluator(
                    store=MlflowArtefacts(uri), run=evaluate, work=folder / "work"
                ),
            )
        )

    def validated(self, run: str) -> ModelValidated:
        """Hand it the training of `run`; return the one event that came of it."""
        event = trained(DIGEST, run_id=run).model_copy(update={"model": ModelName(self.name)})
        self.harness.publish(event, time=day(30))
        self.harness.run()
        assert self.harness.dead_letters("registrar") == []
        (said,) = self.harness.events(ModelValidated)
        return said.payload


def versions(name: str, server: str) -> list[Any]:
    """Return all versions of the model `name`, with the aliases that name them."""
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds

    client = MlflowClient(tracking_uri=server)
    found = client.search_model_versions(f"name = '{name}'")
    return [client.get_model_version(name, version.version) for version in found]
