"""Where a process answers whoever asks, what it logs, and what a reader must show."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from evermodel.common.kernel.bearer import is_loopback
from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.settings.group import Group, secret_in

#: Shorter ones are guessed.
_SHORTEST_TOKEN = 16


class HealthSettings(Group):
    """Where a process answers ``/healthz``, ``/readyz`` and ``/metrics``."""

    host: str = Field(
        default="127.0.0.1",
        validation_alias="EVERMODEL_HEALTH_HOST",
        description="Address to answer on. `/healthz` and `/readyz` ask nobody who they are and "
        "say yes or no; `/metrics` asks for EVERMODEL_HTTP_TOKEN wherever one is set.",
    )
    port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        validation_alias="EVERMODEL_HEALTH_PORT",
        description="Unset: no server. 0: a free port, named in the log.",
    )
    started_file: Path | None = Field(
        default=None,
        validation_alias="EVERMODEL_STARTED_FILE",
        description="A file that is made when the process begins to work, all it was told being "
        "right: for a startup probe. The process never removes it: put it where a restart empties "
        "the folder, or remove it before each start. `evermodel up` names one of its own for each.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO",
        validation_alias="EVERMODEL_LOG_LEVEL",
        description="What is less than this is not logged. Logs are lines of JSON.",
    )


class HttpSettings(Group):
    """Who may read `/metrics` and the console: whoever sends `Authorization: Bearer <token>`."""

    token: SecretStr | None = Field(
        default=None,
        min_length=_SHORTEST_TOKEN,
        validation_alias="EVERMODEL_HTTP_TOKEN",
        description="The token, 16 characters at least (`openssl rand -hex 32`). Without one a "
        "process that would listen elsewhere than on loopback does not start. It goes before "
        "EVERMODEL_HTTP_TOKEN_FILE.",
    )
    token_file: Path | None = Field(
        default=None,
        validation_alias="EVERMODEL_HTTP_TOKEN_FILE",
        description="A file that holds the token, as orchestrators hand secrets over. Its last "
        "line break does not count.",
    )

    def value(self) -> str | None:
        """Return the token itself, from wherever it is kept; None: there is none.

        Raises:
            Misconfigured: its file cannot be read, or holds next to nothing.
        """
        if self.token is not None:
            return self.token.get_secret_value()
        token = secret_in(self.token_file, variable="EVERMODEL_HTTP_TOKEN_FILE")
        if token is not None and len(token) < _SHORTEST_TOKEN:
            raise Misconfigured(
                f"EVERMODEL_HTTP_TOKEN_FILE: a token has {_SHORTEST_TOKEN} characters at least"
            )
        return token

    def guard(self, host: str, *, variable: str) -> str | None:
        """Return what whoever asks at `host` must show; None: nothing, for it is loopback.

        Raises:
            Misconfigured: others could ask, and there is no token; `variable` named the host.
        """
        token = self.value()
        if token is None and not is_loopback(host):
            raise Misconfigured(
                f"{variable}={host} lets others ask: set EVERMODEL_HTTP_TOKEN or "
                "EVERMODEL_HTTP_TOKEN_FILE, or listen on 127.0.0.1"
            )
        return token
