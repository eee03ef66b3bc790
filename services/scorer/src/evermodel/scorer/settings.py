"""What the scorer reads from the environment; nothing else in it does."""

from pydantic import Field

from evermodel.common.settings import (
    HealthSettings,
    KafkaSettings,
    MlflowSettings,
    ModelsSettings,
    WorkSettings,
)


class Settings(ModelsSettings, MlflowSettings, WorkSettings):
    """The scorer's knobs."""

    instance: str = Field(
        default="0",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        validation_alias="EVERMODEL_INSTANCE",
        description="This replica's name in serving.applied. Each replica needs its own.",
    )
    threads: int = Field(
        default=1,
        ge=1,
        validation_alias="EVERMODEL_SCORER_THREADS",
        description="TensorFlow's threads. One core scores faster than Python decodes.",
    )
    fault: str = Field(
        default="",
        validation_alias="EVERMODEL_SCORER_FAULT",
        description="TEST SWITCH, '<version>:<feature>:<factor>': skews one feature for what "
        "that version decides as a canary. Empty: off, as it must be where payments are real.",
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)
