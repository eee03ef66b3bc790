"""The broker fixture takes containers where an engine answers, and only there."""

import socket
import threading
from pathlib import Path

import pytest

from evermodel.embedded import testing


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
