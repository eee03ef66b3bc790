"""What the embedded stack reads from the environment; nothing else in this package does."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.request import getproxies_environment

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from evermodel.common.settings.group import Group

_HERE = ("127.0.0.1", "localhost")


def _user_cache() -> Path:
    """Return the per-user cache folder by the XDG rule (an empty or relative value is unset)."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "evermodel"


class CacheSettings(Group):
    """Where what is fetched once is kept, and where from."""

    model_config = SettingsConfigDict(env_prefix="EVERMODEL_")

    cache: Path = Field(
        default_factory=_user_cache,
        description="Folder for the broker's jars (43 MB). Default: the user's cache folder, so "
        "that a second start, from any checkout, fetches nothing.",
    )
    maven_repository: str | None = Field(
        default=None,
        description="Base URL of a Maven repository to fetch from, one file at a time. Default: "
        "Maven Central as jgo knows it, then Maven itself with its own settings.",
    )


class StackSettings(Group):
    """How the stack on one machine runs: a part of one's own that is named here is not started."""

    kafka_bootstrap_servers: str | None = Field(
        default=None,
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="host:port list of a Kafka cluster of one's own.",
    )
    mlflow_tracking_uri: str | None = Field(
        default=None,
        validation_alias="MLFLOW_TRACKING_URI",
        description="URL of an MLflow server of one's own.",
    )
    evermodel_config_repository: str | None = Field(
        default=None,
        validation_alias="EVERMODEL_CONFIG_REPOSITORY",
        description="Git URL or path of a config repository of one's own.",
    )
    evermodel_lake: str | None = Field(
        default=None,
        validation_alias="EVERMODEL_LAKE",
        description="Folder of a lake of one's own.",
    )
    evermodel_models: str | None = Field(
        default=None,
        validation_alias="EVERMODEL_MODELS",
        description="model.toml files or folders joined by ':'.",
    )
    evermodel_security: Literal["on", "off"] = Field(
        default="off",
        validation_alias="EVERMODEL_SECURITY",
        description="on: the stack's own broker speaks TLS, asks everybody for a password, and "
        "allows each service its own topics only.",
    )
    evermodel_console_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        validation_alias="EVERMODEL_CONSOLE_PORT",
        description="Where the console listens. Default, and 0: a free port, kept from start to "
        "start and said by `evermodel up`.",
    )
    evermodel_spares: Literal["on", "off"] = Field(
        default="on",
        validation_alias="EVERMODEL_SPARES",
        description="on: a second process of each service waits with everything imported, and "
        "takes over when the first has died: some 1.1 GB for a return in about three seconds.",
    )

    def parts_named(self) -> tuple[str, ...]:
        """Return the variables by which a part of one's own is named now."""
        parts = (
            "kafka_bootstrap_servers",
            "mlflow_tracking_uri",
            "evermodel_config_repository",
            "evermodel_lake",
        )
        return tuple(name.upper() for name in parts if getattr(self, name))


class FixtureSettings(Group):
    """What the fixtures for tests are told."""

    broker: Literal["container", "embedded"] | None = Field(
        default=None,
        validation_alias="EVERMODEL_TEST_BROKER",
        description="Which broker tests speak to. Default: a container where a Docker engine "
        "answers, else the embedded one.",
    )


def ask_this_machine_directly() -> None:
    """Ask no proxy for what answers on loopback, nor let a process do so that is started later.

    A proxy looks on a machine of its own. Where one is named without exceptions, the stack's own
    MLflow server was never seen to answer.
    """
    proxies = getproxies_environment()
    told = proxies.pop("no", "")
    if proxies and told.strip() != "*":
        named = [name.strip() for name in told.split(",") if name.strip()]
        direct = ",".join(dict.fromkeys((*named, *_HERE)))
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = direct


def inherited_environment() -> Mapping[str, str]:
    """Return a copy of this process's environment, for the processes it starts."""
    return dict(os.environ)
