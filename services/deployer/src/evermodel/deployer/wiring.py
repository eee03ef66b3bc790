"""The deployer's composition root: the only module that sees every part."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from evermodel.common.events.catalogue import DEPLOYER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.api import Route, ServiceSpec
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import BadModelFile, read_models
from evermodel.common.observability.metrics import Metrics
from evermodel.common.runtime.clock import SystemClock
from evermodel.deployer.adapters.embedded_engine import EmbeddedEngine
from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.handlers.rollout import RolloutHandlers
from evermodel.deployer.ports import ConfigRepository, RolloutEngine
from evermodel.deployer.settings import Settings


def assemble(
    *,
    models: Mapping[str, ModelDescription],
    repository: ConfigRepository,
    engine: RolloutEngine,
    beside: Executor | None = None,
    wall: Clock | None = None,
) -> ServiceSpec:
    """Return the deployer over these ports; `beside` runs errands to Git between events.

    `wall` None, as where the wall clock stands still: every window's date is taken as it is.
    """
    metrics = Metrics()
    handlers = RolloutHandlers(
        models=models,
        repository=repository,
        engine=engine,
        beside=beside or ThreadPoolExecutor(max_workers=1, thread_name_prefix="git"),
        metrics=metrics,
        wall=wall,
    )
    return ServiceSpec(
        name="deployer",
        service="deployer",
        routes=(
            Route(ModelValidated, handlers.on_model_validated),
            Route(TransactionsWindowed, handlers.on_transactions_windowed),
            Route(OutcomesMatured, handlers.on_outcomes_matured),
            Route(ServingApplied, handlers.on_serving_applied),
            Route(LifecycleCommand, handlers.on_lifecycle_command),
        ),
        state=DEPLOYER_STATE,
        assignment=handlers,
        on_tick=handlers.on_tick,
        metrics=metrics,
    )


def require_built_in(models: Mapping[str, ModelDescription]) -> None:
    """Return if the rollout engine that each of `models` asks for is here.

    Raises:
        BadModelFile: one is not.
    """
    strange = sorted(name for name, m in models.items() if m.rollout.engine != "embedded")
    if strange:
        raise BadModelFile(
            f"rollout.engine of {', '.join(strange)}: only 'embedded' is built in: "
            "say that, or leave the key out"
        )


@contextmanager
def wire(settings: Settings) -> Iterator[ServiceSpec]:
    """Make the real adapters and yield the deployer over them.

    Raises:
        BadModelFile: a model description cannot be used, or asks for an engine that is not here.
        Misconfigured: the repository's address is none.
    """
    models = read_models(settings.models)
    require_built_in(models)
    repository = GitRepository(
        settings.repository,
        clone=settings.work.absolute() / f"config-{settings.loop.instance}.git",
        environment=settings.environment,
        branch=settings.branch,
    )
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="git") as beside:
        yield assemble(
            models=models,
            repository=repository,
            engine=EmbeddedEngine(repository),
            beside=beside,
            wall=SystemClock(),
        )
