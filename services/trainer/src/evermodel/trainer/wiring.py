"""Puts the trainer together; the only module that sees all of it."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from evermodel.common.events.catalogue import TRAINER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.api import Route, ServiceSpec
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_models
from evermodel.common.runtime.clock import SystemClock
from evermodel.trainer.adapters.folder_workspace import FolderWorkspace
from evermodel.trainer.adapters.mlflow_runs import MlflowRuns
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.trainer.handlers.lifecycle import Trainer
from evermodel.trainer.handlers.work import Work
from evermodel.trainer.ports import ChildRunner, RunStore, Workspace
from evermodel.trainer.settings import Settings


def assemble(  # noqa: PLR0913  # every part can be replaced
    *,
    models: Mapping[str, ModelDescription],
    child: ChildRunner,
    runs: RunStore,
    workspace: Workspace,
    lake: str,
    threads: int = 2,
    at_once: int = 2,
    pause: Callable[[float], object] | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    wall: Clock | None = None,
) -> ServiceSpec:
    """Return the trainer made of these parts. `pause` waits for a run store that is away.

    `wall` None, as where the wall clock stands still: labels of every date are taken as they are.
    """
    work = Work(
        child=child,
        runs=runs,
        workspace=workspace,
        lake=lake,
        threads=threads,
        at_once=at_once,
        pause=pause or threading.Event().wait,
        monotonic=monotonic,
    )
    trainer = Trainer(models=models, work=work, wall=wall)
    return ServiceSpec(
        name="trainer",
        service="trainer",
        routes=[
            Route(DriftDetected, trainer.on_drift_detected),
            Route(OutcomesMatured, trainer.on_outcomes_matured),
            Route(RolloutStep, trainer.on_rollout_step),
            Route(LifecycleCommand, trainer.on_lifecycle_command),
        ],
        state=TRAINER_STATE,
        assignment=trainer,
    )


@contextmanager
def wire(settings: Settings) -> Iterator[ServiceSpec]:
    """Make the real parts and yield the trainer made of them.

    Raises:
        BadModelFile: a model description cannot be used.
    """
    yield assemble(
        models=read_models(settings.models),
        child=ProcessChild(monotonic=time.monotonic, cache=settings.work.absolute() / "cache"),
        runs=MlflowRuns(settings.tracking_uri),
        workspace=FolderWorkspace(settings.work),
        lake=str(settings.lake.absolute()),
        threads=settings.threads,
        at_once=settings.at_once,
        wall=SystemClock(),
    )
