"""Where a service finds its models, the lake, MLflow, the config repository and scratch space."""

from pathlib import Path

from pydantic import Field, field_validator

from evermodel.common.settings.group import Group


class ModelsSettings(Group):
    """Which models are run."""

    models: str = Field(
        validation_alias="EVERMODEL_MODELS",
        description="Files or folders with model.toml, joined by ':'.",
    )


class LakeSettings(Group):
    """Where the lake lies."""

    lake: Path = Field(
        validation_alias="EVERMODEL_LAKE",
        description="Folder of the lake's Parquet files, the same for all who read and write it.",
    )


class MlflowSettings(Group):
    """The MLflow server."""

    tracking_uri: str = Field(
        default="http://127.0.0.1:5000",
        validation_alias="MLFLOW_TRACKING_URI",
        description="URL of the tracking server, which is the registry as well.",
    )


class ConfigRepositorySettings(Group):
    """The Git repository that says what should serve."""

    repository: str = Field(
        validation_alias="EVERMODEL_CONFIG_REPOSITORY", description="A path or URL."
    )
    branch: str = Field(
        default="main",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$",
        validation_alias="EVERMODEL_CONFIG_BRANCH",
        description="The branch that is read and written.",
    )

    @field_validator("branch")
    @classmethod
    def _as_git_takes_it(cls, value: str) -> str:
        if ".." in value or any(part.endswith((".", ".lock")) for part in value.split("/")):
            raise ValueError("Git takes no name with '..', or that ends in '.' or '.lock'")
        return value


class WorkSettings(Group):
    """Scratch space of one process; what is in it can be made again."""

    work: Path = Field(
        default=Path(".evermodel/work"),
        validation_alias="EVERMODEL_WORK",
        description="A folder of this replica alone; bundles and trainings need some hundred MB.",
    )
