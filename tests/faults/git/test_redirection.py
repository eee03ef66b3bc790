"""A forge that leads Git elsewhere: moved, taken over, or spoken for by somebody on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.ports import RepositoryUnavailable
from evermodel.embedded.findings import repository_at
from tests.contract.git.writing import up


def packets(*lines: bytes) -> bytes:
    """Return `lines` as Git sends them; an empty one parts them."""
    return b"".join(b"%04x" % (len(line) + 4) + line if line else b"0000" for line in lines)


#: What a server of Git's says first. Without it Git asks nothing more.
GREETING = packets(
    *(b"# service=git-upload-pack\n", b""),
    *(b"version 2\n", b"ls-refs=unborn\n", b"fetch=shallow\n", b"object-format=sha1\n", b""),
)


@contextmanager
def elsewhere(heard: list[str | None]) -> Iterator[int]:
    """A Git server that writes down what it is shown; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers.get("Authorization"))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asks = self.command == "GET"
            said, kind = (GREETING, "advertisement") if asks else (b"0000", "result")
            self.send_response(200)
            self.send_header("Content-Type", f"application/x-git-upload-pack-{kind}")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815  # the base class's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing."""

    yield from serving(Handler)


@contextmanager
def leading_to(port: int) -> Iterator[int]:
    """A forge that sends whoever asks to `port`; yields its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing."""

    yield from serving(Handler)


def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield listening.server_port
        listening.shutdown()


@pytest.mark.guarantee(
    "security",
    fault="the config repository's server leads Git to another host, and its URL holds a token",
    promise="the other host is not asked, so the token is not shown to it; what is owed stays owed",
    seen="'git: ls-remote: fatal: unable to access …: The requested URL returned error: 302'; "
    "evermodel doctor",
)
def test_a_token_is_not_shown_to_where_a_forge_leads(tmp_path: Path) -> None:
    heard: list[str | None] = []
    with elsewhere(heard) as other, leading_to(other) as port:
        open_to_all = GitRepository(f"http://localhost:{port}/config.git", clone=tmp_path / "open")
        assert open_to_all.head() is None
        assert heard == [None, None], "it is a way that Git goes"
        heard.clear()
        url = f"http://robot:planted@localhost:{port}/config.git"
        repository = GitRepository(url, clone=tmp_path / "clone", pause=lambda _: None)
        with pytest.raises(RepositoryUnavailable, match="returned error: 302"):
            repository.write(up(None, 1))
        told = repository_at(url)
    assert told.verdict == "wrong"
    assert heard == []
