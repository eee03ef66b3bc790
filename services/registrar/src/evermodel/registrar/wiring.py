"""Puts the registrar together; the only module that sees all of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.messaging.api import Route, ServiceSpec
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_models
from evermodel.registrar.adapters.child_evaluation import ChildEvaluation
from evermodel.registrar.adapters.mlflow_artefacts import MlflowArtefacts
from evermodel.registrar.adapters.mlflow_judgements import MlflowJudgements
from evermodel.registrar.adapters.mlflow_registry import MlflowRegistry
from evermodel.registrar.adapters.staged_evaluator import StagedEvaluator
from evermodel.registrar.handlers import Registrar
from evermodel.registrar.ports import Evaluator, Judgements, ModelRegistry
from evermodel.registrar.settings import Settings
from evermodel.tracking.client import import_mlflow


def assemble(
    *,
    models: Mapping[str, ModelDescription],
    registry: ModelRegistry,
    judgements: Judgements,
    evaluator: Evaluator,
) -> ServiceSpec:
    """Return the registrar made of these parts."""
    handlers = Registrar(
        models=models, registry=registry, judgements=judgements, evaluator=evaluator
    )
    return ServiceSpec(
        name="registrar",
        service="registrar",
        routes=(
            Route(ModelTrained, handlers.on_model_trained),
            Route(RolloutStep, handlers.on_rollout_step),
        ),
    )


def prepare(_settings: Settings) -> None:
    """Import what the first event would have to wait for."""
    import_mlflow()


@contextmanager
def wire(settings: Settings) -> Iterator[ServiceSpec]:
    """Make the real parts and yield the registrar made of them.

    Raises:
        BadModelFile: a model description cannot be used.
    """
    models, work = read_models(settings.models), settings.work / "registrar"
    with ChildEvaluation(
        max_seconds=settings.max_seconds,
        max_memory_mb=settings.max_memory_mb,
        home=work,
        ahead=settings.warm,
    ) as run:
        yield assemble(
            models=models,
            registry=MlflowRegistry(settings.tracking_uri),
            judgements=MlflowJudgements(settings.tracking_uri),
            evaluator=StagedEvaluator(
                store=MlflowArtefacts(settings.tracking_uri), run=run, work=work
            ),
        )
