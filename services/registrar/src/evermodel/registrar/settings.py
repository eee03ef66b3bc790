"""What the registrar reads from the environment; nothing else in it does."""

from pydantic import Field

from evermodel.common.settings.places import MlflowSettings, ModelsSettings, WorkSettings
from evermodel.common.settings.process import ServiceSettings


class Settings(ModelsSettings, MlflowSettings, WorkSettings, ServiceSettings):
    """The registrar's knobs."""

    max_seconds: float = Field(
        default=600.0,
        gt=0,
        validation_alias="EVERMODEL_REGISTRAR_MAX_SECONDS",
        description="An evaluation is ended after this; TensorFlow alone takes 6 to start.",
    )
    max_memory_mb: int = Field(
        default=3072,
        ge=512,
        validation_alias="EVERMODEL_REGISTRAR_MAX_MEMORY_MB",
        description="An evaluation is ended above this; TensorFlow alone takes 500.",
    )
    warm: bool = Field(
        default=True,
        validation_alias="EVERMODEL_REGISTRAR_WARM",
        description="Keep one evaluation process waiting with TensorFlow imported: 170 MB, "
        "and 310 MB shared with a scorer, for two to four seconds less from trained to validated.",
    )
