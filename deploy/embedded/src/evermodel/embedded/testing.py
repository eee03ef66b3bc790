"""The broker for integration tests, by one fixture: a container, else the embedded one.

Imported by ``tests/conftest.py``. Must never skip: a broker that cannot be had is a failure.
"""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.runtime.service import read
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.addresses import LOOPBACK, kept_ports
from evermodel.embedded.broker import kafka
from evermodel.embedded.jars import KAFKA_VERSION
from evermodel.embedded.mlflow_server import mlflow
from evermodel.embedded.settings import FixtureSettings

IMAGE = f"apache/kafka:{KAFKA_VERSION}"


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a real broker that lasts as long as the test run."""
    folder = tmp_path_factory.mktemp("kafka")
    with _container(folder) if takes_container() else kafka(folder) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="module")
def own_kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a broker that one module has to itself.

    For real services, which read whole topics and restore from them: on the shared broker they
    would find what other tests' services keep there, and rightly stop.
    """
    folder = tmp_path_factory.mktemp("own-kafka")
    with _container(folder) if takes_container() else kafka(folder) as bootstrap:
        yield bootstrap


@contextmanager
def connected(bootstrap: str) -> Iterator[KafkaBroker]:
    """Yield the broker port on `bootstrap`, every topic of the catalogue there."""
    settings = KafkaSettings(bootstrap_servers=bootstrap)
    create_topics(settings)
    with closing(KafkaBroker(settings)) as broker:
        yield broker


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Tracking URI of a real MLflow server that lasts as long as the test run."""
    with mlflow(tmp_path_factory.mktemp("mlflow")) as uri:
        yield uri


def takes_container() -> bool:
    """Return whether the broker is a container: as a person says, else where an engine answers.

    Raises:
        Misconfigured: a person says what there is not.
    """
    asked = read(FixtureSettings).broker
    return docker_answers() if asked is None else asked == "container"


def docker_answers() -> bool:
    """Return whether a Docker engine answers."""
    import docker  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs; tests only

    address = docker.utils.kwargs_from_env().get("base_url", docker.constants.DEFAULT_UNIX_SOCKET)
    if "unix:" in address and not _accepts(address.partition("unix:")[2]):
        return False  # asked directly: the client leaks its socket when nobody listens
    client = docker.from_env(version=docker.constants.DEFAULT_DOCKER_API_VERSION, timeout=2)
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False
    finally:
        client.close()


def _accepts(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        return probe.connect_ex("/" + path.lstrip("/")) == 0


@contextmanager
def _container(folder: Path) -> Iterator[str]:
    """Run Kafka in a container on a host port chosen first, since it must advertise it."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # see above
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

    port = kept_ports(folder / "ports.json", names=("client",))["client"]
    container = DockerContainer(IMAGE).with_bind_ports(port, port)
    for name, value in container_environment(port).items():
        container = container.with_env(name, value)
    with container.waiting_for(LogMessageWaitStrategy("Kafka Server started")):
        yield f"{LOOPBACK}:{port}"


def container_environment(port: int) -> dict[str, str]:
    """Return what the official image needs to serve clients of this host at `port`."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    }
