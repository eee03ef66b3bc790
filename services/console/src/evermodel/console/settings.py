"""What the console reads from the environment; nothing else in it does."""

from pydantic import Field

from evermodel.common.settings.places import WorkSettings
from evermodel.common.settings.process import ProcessSettings


class Settings(WorkSettings, ProcessSettings):
    """The console's knobs."""

    host: str = Field(
        default="127.0.0.1",
        validation_alias="EVERMODEL_CONSOLE_HOST",
        description="Address to answer on. Anywhere but on loopback, whoever asks must show "
        "EVERMODEL_HTTP_TOKEN; it is not encrypted: put a gateway with TLS before it.",
    )
    port: int = Field(
        default=8080,
        ge=0,
        le=65535,
        validation_alias="EVERMODEL_CONSOLE_PORT",
        description="0: a free port, named in the log.",
    )
