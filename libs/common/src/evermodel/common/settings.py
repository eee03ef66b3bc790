"""Setting groups that services share: names of the environment, units, defaults and why.

The only place in common that reads the environment. A service's own ``settings.py`` composes
these groups. Secrets are ``SecretStr``: they show as stars wherever a setting is printed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from evermodel.common.kernel.bearer import is_loopback
from evermodel.common.kernel.errors import Misconfigured

#: Keeps what our processes import from reporting about them: set unless its name is set already.
TELEMETRY_OFF: Mapping[str, str] = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

#: The patience of MLflow's client, likewise. Its own is seven tries with back-off, minutes in all
#: and in silence, in which a step that takes a version back would wait. Whoever asks tries again
#: itself, and says so; and looks first whether it was done. The client does not: it asks for a
#: version twice where an answer was lost, and there are two. So it asks once.
#: 30 s: a server that passes a bundle on to a store of its own takes a while.
MLFLOW_CLIENT: Mapping[str, str] = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

#: Shorter ones are guessed.
_SHORTEST_TOKEN = 16


class Group(BaseSettings):
    """A group of settings read from the environment; empty variables count as unset."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, extra="ignore", populate_by_name=True
    )


class KafkaSettings(Group):
    """Where the brokers are and how to speak to them."""

    bootstrap_servers: str = Field(
        default="127.0.0.1:9092",
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="host:port of some brokers, joined by ','; they name the others.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT",
        validation_alias="KAFKA_SECURITY_PROTOCOL",
        description="Whether connections are encrypted (SSL) and ask who is there (SASL).",
    )
    sasl_mechanism: str | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_MECHANISM",
        description="How the password is proved, e.g. SCRAM-SHA-512; for SASL only.",
    )
    sasl_username: str | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_USERNAME",
        description="Who this process is to the brokers: rights hang on it (access.md).",
    )
    sasl_password: SecretStr | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_PASSWORD",
        description="That user's password. It goes before KAFKA_SASL_PASSWORD_FILE.",
    )
    sasl_password_file: Path | None = Field(
        default=None,
        validation_alias="KAFKA_SASL_PASSWORD_FILE",
        description="A file that holds the password, read at each connection: as orchestrators "
        "hand secrets over. Its last line break does not count.",
    )
    ssl_ca_location: Path | None = Field(
        default=None,
        validation_alias="KAFKA_SSL_CA_LOCATION",
        description="Certificates (PEM) of who may vouch for the brokers; none: the system's.",
    )
    ssl_certificate_location: Path | None = Field(
        default=None,
        validation_alias="KAFKA_SSL_CERTIFICATE_LOCATION",
        description="This client's own certificate (PEM), where the cluster asks for one.",
    )
    ssl_key_location: Path | None = Field(
        default=None,
        validation_alias="KAFKA_SSL_KEY_LOCATION",
        description="The key (PEM) of that certificate.",
    )
    replication: int = Field(
        default=-1,
        ge=-1,
        le=100,
        validation_alias="EVERMODEL_KAFKA_REPLICATION",
        description="Replicas of each topic made, and what `topics check` asks for. -1: as many "
        "as the cluster's own default.replication.factor says, and none is asked for.",
    )
    data_partitions: int = Field(
        default=4,
        ge=1,
        le=10_000,
        validation_alias="EVERMODEL_DATA_PARTITIONS",
        description="Partitions of the data plane: as many replicas can share the work.",
    )
    lifecycle_partitions: int = Field(
        default=4,
        ge=1,
        le=10_000,
        validation_alias="EVERMODEL_LIFECYCLE_PARTITIONS",
        description="Partitions of the lifecycle topics: as many replicas can share the models.",
    )

    @field_validator("replication")
    @classmethod
    def _some_replicas(cls, value: int) -> int:
        if value == 0:
            raise ValueError("a topic has at least one replica; -1 leaves it to the cluster")
        return value

    def client(self) -> dict[str, str | int]:
        """Return the connection part of a librdkafka configuration. Holds the password.

        Raises:
            Misconfigured: the password's file cannot be read.
        """
        wanted = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.password(),
            "ssl.ca.location": _text(self.ssl_ca_location),
            "ssl.certificate.location": _text(self.ssl_certificate_location),
            "ssl.key.location": _text(self.ssl_key_location),
        }
        return {key: value for key, value in wanted.items() if value is not None}

    def password(self) -> str | None:
        """Return the password itself, from wherever it is kept; None: there is none.

        Raises:
            Misconfigured: its file cannot be read.
        """
        if self.sasl_password is not None:
            return self.sasl_password.get_secret_value()
        return _secret_in(self.sasl_password_file, variable="KAFKA_SASL_PASSWORD_FILE")


def _secret_in(file: Path | None, *, variable: str) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{variable} cannot be read: {error}") from error


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


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
        token = _secret_in(self.token_file, variable="EVERMODEL_HTTP_TOKEN_FILE")
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


class ProcessSettings(Group):
    """What every process is told, whatever else."""

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    health: HealthSettings = Field(default_factory=HealthSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)


class ServiceSettings(ProcessSettings):
    """What every service on the loop is told, whatever else."""

    loop: LoopSettings = Field(default_factory=LoopSettings)


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
