"""What the scorer reads from the environment; nothing else in it does."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The scorer's knobs. Those of Kafka and health are read by the runtime."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    models: str = Field(
        validation_alias="EVERMODEL_MODELS",
        description="model.toml files or folders, joined by ':'. No default: it serves those.",
    )
    mlflow_tracking_uri: str = Field(
        default="http://127.0.0.1:5000",
        validation_alias="MLFLOW_TRACKING_URI",
        description="Where bundles come from. MLflow's own default port on this machine.",
    )
    work: Path = Field(
        default=Path("work"),
        validation_alias="EVERMODEL_WORK",
        description="Folder for fetched bundles. Kept over restarts, so that a scorer can start "
        "while MLflow is away.",
    )
    instance: str = Field(
        default="0",
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
