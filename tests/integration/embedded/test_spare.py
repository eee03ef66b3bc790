"""A spare has its library in memory and has spoken to nobody; then it is the service."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import psutil
import pytest

from benchmarks.kills import rests
from evermodel.embedded.process import Child, Command
from evermodel.embedded.services import ROLES, Role
from evermodel.embedded.settings import inherited_environment
from tests.integration.services import MODEL

#: What the late imports of each spare leave in its memory; MLflow itself has nothing compiled.
LIBRARIES = {"scorer": "tensorflow", "registrar": "pandas", "drift-windower": "pandas"}
ROLES_THAT_WAIT = [role for role in ROLES if role.can_wait]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(condition: Callable[[], object]) -> None:
    for _ in range(1200):
        if condition():
            return
        Event().wait(0.05)
    raise AssertionError("it did not come about")


@pytest.fixture(params=ROLES_THAT_WAIT, ids=lambda role: role.name)
def command(tmp_path: Path, kafka_bootstrap: str, request: pytest.FixtureRequest) -> Command:
    role: Role = request.param
    (tmp_path / "model.toml").write_text(MODEL)
    return Command(
        name=role.name,
        arguments=role.arguments,
        environment={
            **inherited_environment(),
            "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
            "EVERMODEL_MODELS": str(tmp_path / "model.toml"),
            "EVERMODEL_WORK": str(tmp_path / "work"),
            "EVERMODEL_HEALTH_PORT": str(free_port()),
            "EVERMODEL_LAKE": str(tmp_path / "lake"),
            "EVERMODEL_CONFIG_REPOSITORY": str(tmp_path / "config.git"),
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        },
        log=tmp_path / "log",
        can_wait=True,
    )


@pytest.fixture
def spare(command: Command, tmp_path: Path) -> Iterator[Child]:
    child = Child(command, records=tmp_path / "processes", waits=True)
    yield child
    child.stop()


def test_a_spare_is_prepared_and_has_spoken_to_nobody_before_its_turn(
    spare: Child, command: Command, tmp_path: Path
) -> None:
    process = psutil.Process(spare.pid)
    eventually(
        lambda: has(process, LIBRARIES.get(command.name, "confluent_kafka")) and rests(process)
    )
    assert process.net_connections(kind="inet") == []
    assert not (tmp_path / "work").exists()
    assert b"starts as instance" not in command.log.read_bytes()
    spare.take_turn(command)
    eventually(lambda: b"starts as instance" in command.log.read_bytes())
    port = int(command.environment["EVERMODEL_HEALTH_PORT"])
    eventually(lambda: port in listening(process))
    assert spare.has_its_turn()


def has(process: psutil.Process, library: str) -> bool:
    """Whether something compiled of `library` is in its memory, or in a child's of its own."""
    family = (process, *process.children())
    return any(f"/{library}/" in each.path for one in family for each in one.memory_maps())


def listening(process: psutil.Process) -> set[int]:
    return {each.laddr.port for each in process.net_connections(kind="inet") if each.laddr}
