"""What the drift service's roles read from the environment; the only place that does."""

from pydantic import Field

from evermodel.common.settings import (
    HealthSettings,
    KafkaSettings,
    LakeSettings,
    MlflowSettings,
    ModelsSettings,
    WorkSettings,
)


class Settings(ModelsSettings, LakeSettings, MlflowSettings, WorkSettings):
    """Everything the roles are told."""

    labels_idle_seconds: float = Field(
        default=30.0,
        gt=0,
        validation_alias="EVERMODEL_LABELS_IDLE_SECONDS",
        description="A label partition silent this long (wall time) no longer holds windows open.",
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)
