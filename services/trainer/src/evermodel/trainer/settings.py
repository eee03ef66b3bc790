"""What the trainer reads from the environment; nothing else in it does."""

from pydantic import Field

from evermodel.common.settings.places import (
    LakeSettings,
    MlflowSettings,
    ModelsSettings,
    WorkSettings,
)
from evermodel.common.settings.process import ServiceSettings


class Settings(ModelsSettings, LakeSettings, MlflowSettings, WorkSettings, ServiceSettings):
    """The trainer's knobs; a training's own are in ``model.toml`` under ``[training]``."""

    threads: int = Field(
        default=2,
        ge=1,
        validation_alias="EVERMODEL_TRAINER_THREADS",
        description="Threads of a training. Another number may round differently: equal plans "
        "give equal bytes for equal threads.",
    )
    at_once: int = Field(
        default=2,
        ge=1,
        validation_alias="EVERMODEL_TRAINER_AT_ONCE",
        description="Trainings of this replica at once; others wait for their turn. Each may take "
        "`training.max_memory_mb`.",
    )
