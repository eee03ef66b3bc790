"""Where the brokers are, and as whom and how they are spoken to."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from evermodel.common.settings.group import Group, secret_in

#: A broker is back within seconds. After six a client that waits twice as long each time, as up to
#: ten seconds by default, would look again only six later.
RECONNECT_MILLISECONDS = 1000


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
        wanted: dict[str, str | int | None] = {
            "bootstrap.servers": self.bootstrap_servers,
            "reconnect.backoff.max.ms": RECONNECT_MILLISECONDS,
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
        return secret_in(self.sasl_password_file, variable="KAFKA_SASL_PASSWORD_FILE")


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
