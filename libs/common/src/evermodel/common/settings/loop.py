"""How the loop reads, commits and gives up, and which replica it is."""

from pydantic import Field

from evermodel.common.settings.group import Group


class LoopSettings(Group):
    """How the loop reads, commits and gives up."""

    instance: str = Field(
        default="0",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        validation_alias="EVERMODEL_INSTANCE",
        description="Name of this replica, its own and the same after a restart: its static "
        "membership, its transactional id, and whatever else only it may touch hang on it.",
    )
    batch_rows: int = Field(
        default=1000,
        ge=1,
        validation_alias="EVERMODEL_BATCH_ROWS",
        description="Data-plane records asked for at once; 500 to 1,000 is fastest.",
    )
    slice_seconds: float = Field(
        default=0.1,
        gt=0,
        validation_alias="EVERMODEL_SLICE_SECONDS",
        description="Data-plane batches are gathered this long into one transaction.",
    )
    attempts: int = Field(
        default=3,
        ge=1,
        validation_alias="EVERMODEL_ATTEMPTS",
        description="Tries of an event whose handler raises a bug, before the dead letter.",
    )
    dead_letters_per_minute: int = Field(
        default=10_000,
        ge=1,
        validation_alias="EVERMODEL_DEAD_LETTERS_PER_MINUTE",
        description="More than this stops the service: something upstream is wrong for all.",
    )
