"""A Git server over HTTP that asks for a password, and looks at who asks while it is asked.

It is Git's own ``http-backend``; how it misbehaves is told by `Server.does`.
"""

import os
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
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


@dataclass
class Server:
    """`seen`: the command lines of all Git processes of the machine, at each request.

    `does`: how it misbehaves now; `did`: how often it has.
    """

    port: int = 0
    password: str = ""
    does: Misdeed = "nothing"
    did: int = 0
    seen: set[str] = field(default_factory=set)
    refused: int = 0


@contextmanager
def git_server(
    root: Path, *, user: str, password: str, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Serve the bare repositories below `root` to `user`; with `tls`, over HTTPS."""
    server, closing = Server(password=password), Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.seen |= set(_commands())
            opens = b64encode(f"{user}:{server.password}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {opens}":
                server.refused += 1
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            length = int(self.headers.get("Content-Length") or 0)
            if server.does == "nothing" or not self._misbehave(length):
                self._answer(self._ask(self.rfile.read(length)))

        do_POST = do_GET  # noqa: N815  # the base class's name

        def _misbehave(self, length: int) -> bool:
            """Do what `server.does`, if this request is one for it; its connection ends then."""
            is_push = self.command == "POST" and self.path.endswith(_PUSH)
            if server.does != "says 500" and not is_push:
                return False
            server.did += 1
            self.close_connection = True
            if server.does == "says 500":
                self.send_error(500, "the disk of the forge is full")
            elif server.does == "cuts a push":
                self._ask(self.rfile.read(length // 2))
            elif server.does == "hangs in a push":
                closing.wait(_HANG_SECONDS)
            else:
                self._ask(self.rfile.read(length))
            return True

        def _ask(self, body: bytes) -> bytes:
            """Return what Git's own server says to `body`."""
            asked = urlsplit(self.path)
            environment = {
                **os.environ,
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": user,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": asked.path,
                "QUERY_STRING": asked.query,
                "CONTENT_TYPE": self.headers.get("Content-Type") or "",
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            }
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                env=environment,
                capture_output=True,
                check=False,
            )
            return done.stdout

        def _answer(self, said: bytes) -> None:
            head, _, content = said.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if server.does == "stalls in a fetch" and len(content) > _LONG:
                server.did += 1
                self.close_connection = True
                self.wfile.write(content[: len(content) // 2])
                closing.wait(_HANG_SECONDS)
                return
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        if tls is not None:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        server.port = listening.server_port
        Thread(target=listening.serve_forever, daemon=True).start()
        yield server
        closing.set()
        listening.shutdown()


def _commands() -> Iterator[str]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if "git" in line:
                yield line
