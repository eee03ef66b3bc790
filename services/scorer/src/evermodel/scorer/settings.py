"""What the scorer reads from the environment; nothing else in it does."""

from pydantic import Field

from evermodel.common.settings.places import MlflowSettings, ModelsSettings, WorkSettings
from evermodel.common.settings.process import ServiceSettings


class Settings(ModelsSettings, MlflowSettings, WorkSettings, ServiceSettings):
    """The scorer's knobs."""

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
