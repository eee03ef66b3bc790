"""What the deployer reads from the environment; nothing else in it does."""

from pydantic import Field

from evermodel.common.settings import (
    ConfigRepositorySettings,
    HealthSettings,
    KafkaSettings,
    ModelsSettings,
    WorkSettings,
)


class Settings(ModelsSettings, ConfigRepositorySettings, WorkSettings):
    """The deployer's knobs."""

    environment: str = Field(
        default="production",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        validation_alias="EVERMODEL_ENVIRONMENT",
        description="Names the file: environments/<environment>/<model>.yaml. One per cluster.",
    )
    instance: str = Field(
        default="0",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        validation_alias="EVERMODEL_INSTANCE",
        description="This replica's name; its clone of the repository is its own.",
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)
