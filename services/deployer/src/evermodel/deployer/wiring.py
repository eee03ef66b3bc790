"""The deployer's composition root: the only module that sees every part."""

from collections.abc import Mapping

from evermodel.common.events.catalogue import DEPLOYER_STATE
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.api import Route, ServiceSpec
from evermodel.common.models.description import ModelDescription
from evermodel.deployer.handlers.rollout import RolloutHandlers
from evermodel.deployer.ports import ConfigRepository, RolloutEngine


def assemble(
    *,
    models: Mapping[str, ModelDescription],
    repository: ConfigRepository,
    engine: RolloutEngine,
) -> ServiceSpec:
    """Return the deployer over these ports."""
    handlers = RolloutHandlers(models=models, repository=repository, engine=engine)
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
    )
