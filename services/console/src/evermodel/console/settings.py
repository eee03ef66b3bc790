"""What the console reads from the environment; the only place that does."""

from pydantic import Field

from evermodel.common.settings import Group, HealthSettings, KafkaSettings


class ConsoleSettings(Group):
    """Where the JSON pages are answered."""

    host: str = Field(
        default="127.0.0.1",
        validation_alias="EVERMODEL_CONSOLE_HOST",
        description="Loopback: there is no access control yet.",
    )
    port: int = Field(
        default=8080,
        ge=0,
        validation_alias="EVERMODEL_CONSOLE_PORT",
        description="0 asks for a free one.",
    )


class Settings(Group):
    """Everything the console is told."""

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
