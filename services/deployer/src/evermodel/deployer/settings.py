"""What the deployer reads from the environment; nothing else in it does."""

from pydantic import Field

from evermodel.common.settings.places import ConfigRepositorySettings, ModelsSettings, WorkSettings
from evermodel.common.settings.process import ServiceSettings


class Settings(ModelsSettings, ConfigRepositorySettings, WorkSettings, ServiceSettings):
    """The deployer's knobs."""

    environment: str = Field(
        default="production",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        validation_alias="EVERMODEL_ENVIRONMENT",
        description="Names the file: environments/<environment>/<model>.yaml. One per cluster.",
    )
