"""The broker fixture takes containers where an engine answers, or as a person says."""

import socket
import threading
from pathlib import Path

import pytest
import yaml

from evermodel.common.kernel.errors import Misconfigured
from evermodel.embedded import testing

ROOT = Path(__file__).parents[3]


def engine(path: Path, *, answer: bytes) -> socket.socket:
    """Listen at `path` like a Docker engine that gives every request the same answer."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        try:
            while True:
                connection, _ = server.accept()
                with connection:
                    if connection.recv(65536):
                        connection.sendall(answer)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    return server


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK", True),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", False),
    ],
)
def test_an_engine_is_one_that_answers_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, expected: bool
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    assert testing.docker_answers() is False
    server = engine(tmp_path / "docker.sock", answer=answer)
    try:
        assert testing.docker_answers() is expected
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def test_the_container_tells_clients_where_the_host_reaches_it() -> None:
    told = testing.container_environment(4711)
    assert told["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://127.0.0.1:4711"
    assert "4711" in told["KAFKA_LISTENERS"]


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize(
    ("asked", "taken"),
    [(None, None), ("", None), ("container", True), ("embedded", False)],
)
def test_a_person_may_say_which_broker_is_taken(
    asked: str | None, taken: bool | None, answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVERMODEL_TEST_BROKER", raising=False)
    if asked is not None:
        monkeypatch.setenv("EVERMODEL_TEST_BROKER", asked)
    monkeypatch.setattr(testing, "docker_answers", lambda: answers)
    assert testing.takes_container() is (answers if taken is None else taken)


def test_another_broker_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERMODEL_TEST_BROKER", "mock")
    with pytest.raises(Misconfigured, match="EVERMODEL_TEST_BROKER: Input should be"):
        testing.takes_container()


def test_ci_tries_the_container_beside_the_broker_that_everybody_can_have() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    found = {name: job["env"]["EVERMODEL_TEST_BROKER"] for name, job in jobs.items()}
    assert found == {"test": "embedded", "container": "container"}
    assert jobs["container"]["continue-on-error"] is True
    assert "continue-on-error" not in jobs["test"]
