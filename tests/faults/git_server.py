"""A Git server over HTTP that asks for a password, and looks at who asks while it is asked.

It is Git's own ``http-backend``; how it misbehaves is told by `GitServer.does`. Owns its port, its
threads and the requests on their way: all of them end with the block, however that ends.
"""

import os
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Literal
from urllib.parse import urlsplit

import psutil

#: To any request; to a push that is on its way; to a push that it has taken; to a long fetch.
Misdeed = Literal[
    "nothing",
    "says 500",
    "cuts a push",
    "hangs in a push",
    "loses a push's answer",
    "stalls in a fetch",
]
_PUSH = "/git-receive-pack"
_HANG_SECONDS = 60.0
#: Bytes of an answer that only a fetch of many objects has.
_LONG = 500_000


class GitServer(ThreadingHTTPServer):
    """The bare repositories below `root`, on `port`, for `user`.

    `seen`: the command lines of all Git processes of the machine, at each request.
    `does`: how it misbehaves now; `did`: how often it has. `refused`: how many had no password.
    """

    def __init__(self, root: Path, *, user: str, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.user, self.password = root, user, password
        self.port = self.server_port
        self.does: Misdeed = "nothing"
        self.did = self.refused = 0
        self.seen: set[str] = set()
        self.closing = Event()

    @property
    def opens(self) -> str:
        """What a request must say to be let in."""
        return f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


@contextmanager
def git_server(
    root: Path, *, user: str, password: str, tls: ssl.SSLContext | None = None
) -> Iterator[GitServer]:
    """Serve the bare repositories below `root` to `user`; with `tls`, over HTTPS."""
    with GitServer(root, user=user, password=password) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        serving = Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            serving.join()


class _Handler(BaseHTTPRequestHandler):
    server: GitServer

    def do_GET(self) -> None:
        self.server.seen |= set(_commands())
        if self.headers.get("Authorization") != self.server.opens:
            self._refuse()
            return
        length = int(self.headers.get("Content-Length") or 0)
        if self.server.does == "nothing" or not self._misbehave(length):
            self._answer(self._ask(self.rfile.read(length)))

    do_POST = do_GET  # noqa: N815  # the base class's name

    def _refuse(self) -> None:
        self.server.refused += 1
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _misbehave(self, length: int) -> bool:
        """Do what the server `does`, if this request is one for it; its connection ends then."""
        does = self.server.does
        is_push = self.command == "POST" and self.path.endswith(_PUSH)
        if does != "says 500" and not is_push:
            return False
        self.server.did += 1
        self.close_connection = True
        match does:
            case "says 500":
                self.send_error(500, "the disk of the forge is full")
            case "cuts a push":
                self._ask(self.rfile.read(length // 2))
            case "hangs in a push":
                self.server.closing.wait(_HANG_SECONDS)
            case _:
                self._ask(self.rfile.read(length))
        return True

    def _ask(self, body: bytes) -> bytes:
        """Return what Git's own server says to `body`."""
        return subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={**os.environ, **self._asked()},
            capture_output=True,
            check=False,
        ).stdout

    def _asked(self) -> dict[str, str]:
        """Return the request as CGI tells it."""
        asked = urlsplit(self.path)
        return {
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": self.server.user,
            "REQUEST_METHOD": self.command,
            "PATH_INFO": asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
        }

    def _answer(self, said: bytes) -> None:
        head, _, content = said.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.does == "stalls in a fetch" and len(content) > _LONG:
            self._stall(content)
        else:
            self.wfile.write(content)

    def _stall(self, content: bytes) -> None:
        self.server.did += 1
        self.close_connection = True
        self.wfile.write(content[: len(content) // 2])
        self.server.closing.wait(_HANG_SECONDS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


def _commands() -> Iterator[str]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if "git" in line:
                yield line
