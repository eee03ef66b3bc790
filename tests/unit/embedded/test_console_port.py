"""A port that a person named for the console is taken as it is, or refused before the start."""

import socket
import sys
from pathlib import Path

import pytest

from evermodel.embedded import mlflow_server
from evermodel.embedded.addresses import LOOPBACK
from evermodel.embedded.errors import Occupied
from evermodel.embedded.lock import held
from evermodel.embedded.process import Child, Command
from evermodel.embedded.settings import inherited_environment
from evermodel.embedded.stack import stack

PARTS = ("KAFKA_BOOTSTRAP_SERVERS", "MLFLOW_TRACKING_URI", "EVERMODEL_LAKE")
LISTENS = """
import socket, threading
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    threading.Event().wait()
"""


class Begun(Exception):
    """A part had begun to start."""


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(_: Path) -> None:
        raise Begun

    monkeypatch.setattr(mlflow_server, "prepare", started)
    for name in (*PARTS, "EVERMODEL_CONFIG_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)


def left_in(state: Path) -> tuple[Child, int]:
    """Start what an earlier run left in `state`, and return the port that it holds."""
    log = state / "console.log"
    command = Command(
        name="console",
        arguments=[sys.executable, "-c", LISTENS],
        environment=inherited_environment(),
        log=log,
    )
    child = Child(command, records=state / "processes")
    while not log.read_text().endswith("\n"):
        assert child.wait(seconds=0.02) is None
    return child, int(log.read_text())


def test_one_that_is_taken_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("EVERMODEL_CONSOLE_PORT", str(port))
        with (
            pytest.raises(Occupied, match=f"EVERMODEL_CONSOLE_PORT={port} cannot be listened on"),
            stack(tmp_path / "state", models="m"),
        ):
            raise AssertionError
    assert not (tmp_path / "state").exists()


def test_one_that_an_earlier_run_left_taken_is_free_when_that_has_been_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, port = left_in(tmp_path)
    monkeypatch.setenv("EVERMODEL_CONSOLE_PORT", str(port))
    with pytest.raises(Begun), stack(tmp_path, models="m"):
        raise AssertionError
    assert child.wait(seconds=0) is not None


def test_one_that_another_program_holds_is_told_when_what_was_left_has_been_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, _ = left_in(tmp_path)
    with socket.create_server((LOOPBACK, 0)) as other:
        monkeypatch.setenv("EVERMODEL_CONSOLE_PORT", str(other.getsockname()[1]))
        with pytest.raises(Occupied, match="EVERMODEL_CONSOLE_PORT"), stack(tmp_path, models="m"):
            raise AssertionError
    assert child.wait(seconds=0) is not None


def test_one_that_the_running_stack_holds_is_not_spoken_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child, port = left_in(tmp_path)
    monkeypatch.setenv("EVERMODEL_CONSOLE_PORT", str(port))
    with (
        held(tmp_path),
        pytest.raises(Occupied, match="is in use by process"),
        stack(tmp_path, models="m"),
    ):
        raise AssertionError
    child.stop()
