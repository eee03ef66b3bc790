"""The network that tests break breaks as told, and is whole again when mended."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Proxy, proxied


@pytest.fixture
def echo() -> Iterator[str]:
    """A server that says everything back."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                link, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=say_back, args=(link,), daemon=True).start()

    def say_back(link: socket.socket) -> None:
        with link:
            while data := link.recv(1 << 16):
                link.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.close()


@pytest.fixture
def proxy(echo: str) -> Iterator[Proxy]:
    with proxied(echo) as made:
        yield made


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def asked(link: socket.socket, data: bytes) -> bytes:
    link.sendall(data)
    found = b""
    while len(found) < len(data):
        found += link.recv(1 << 16)
    return found


def test_bytes_pass_both_ways(proxy: Proxy) -> None:
    with connect(proxy) as link:
        assert asked(link, b"x" * 100_000) == b"x" * 100_000


def test_a_cut_ends_connections_and_refuses_new_ones_until_mended(proxy: Proxy) -> None:
    with connect(proxy) as link:
        asked(link, b"x")
        with proxy.away():
            with pytest.raises(ConnectionError):
                silent(link)
            with connect(proxy) as second, pytest.raises(ConnectionError):
                silent(second)
    with connect(proxy) as link:
        assert asked(link, b"y") == b"y"


def test_a_cut_after_so_many_bytes_lets_just_these_through(proxy: Proxy) -> None:
    with connect(proxy) as link:
        asked(link, b"x" * 100)
        proxy.cut_after(1000)
        assert asked(link, b"x" * 999) == b"x" * 999
        link.sendall(b"yy")
        with pytest.raises(ConnectionError):
            until_the_end(link)
    assert not proxy.waits_to_cut
    with connect(proxy) as link:
        assert asked(link, b"z" * 5000) == b"z" * 5000


def until_the_end(link: socket.socket) -> None:
    while True:
        silent(link)


def silent(link: socket.socket) -> None:
    """Raise if the other side is gone, whether it says so by a reset or by its end."""
    if link.recv(1) == b"":
        raise ConnectionResetError


def test_bytes_are_late_and_slow_as_told(proxy: Proxy) -> None:
    with connect(proxy) as link:
        proxy.delay_seconds = 0.2
        began = time.monotonic()
        asked(link, b"x")
        assert time.monotonic() - began >= 0.4
        proxy.delay_seconds, proxy.bytes_per_second = 0.0, 20_000.0
        began = time.monotonic()
        asked(link, b"x" * 10_000)
        assert time.monotonic() - began >= 0.9
