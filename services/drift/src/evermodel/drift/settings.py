"""What the drift service's roles read from the environment; the only place that does."""

from pydantic import Field

from evermodel.common.settings.places import (
    LakeSettings,
    MlflowSettings,
    ModelsSettings,
    WorkSettings,
)
from evermodel.common.settings.process import ServiceSettings


class Settings(ModelsSettings, LakeSettings, MlflowSettings, WorkSettings, ServiceSettings):
    """Everything the roles are told."""

    idle_seconds: float = Field(
        default=30.0,
        ge=0,
        validation_alias="EVERMODEL_IDLE_SECONDS",
        description="A partition silent this long (wall time), with nothing left to score or to "
        "count, no longer holds windows open; 0 waits for every partition.",
    )
    report_seconds: float = Field(
        default=600.0,
        gt=0,
        validation_alias="EVERMODEL_REPORT_SECONDS",
        description="The report after an alarm is ended after so long (wall time). It takes ten of "
        "the processor's, but gives way to the training that the same alarm started.",
    )
    report_memory_mb: float = Field(
        default=1024.0,
        gt=0,
        validation_alias="EVERMODEL_REPORT_MEMORY_MB",
        description="And when its process takes more than this; it takes half of it.",
    )
