"""An HTTP gateway before a real server that spoils chosen answers: MLflow as it misbehaves.

    client ──▶ gateway ──▶ MLflow
               one rule: of requests that fit, leave out so many, spoil so many

Owns which requests are spoilt and how. Passes everything else on, byte for byte.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: Headers that belong to one connection, and are made anew for the next.
_HOPS = {"connection", "transfer-encoding", "content-length", "keep-alive"}
_SECONDS = 60.0


@dataclass(slots=True)
class Rule:
    """What to do to requests whose "METHOD path" fits, after `left_out` of them, `times` times."""

    fits: "re.Pattern[str]"
    do: "Spoil"
    left_out: int
    times: int
    met: int = 0

    def takes(self, request: str) -> bool:
        """Whether this request is one to spoil."""
        if not self.fits.search(request):
            return False
        self.met += 1
        return self.left_out < self.met <= self.left_out + self.times


class Exchange(BaseHTTPRequestHandler):
    """One request and the answer to it."""

    protocol_version = "HTTP/1.1"
    server: "Gateway"

    def _answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.spoiling(f"{self.command} {self.path}")(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  # the base class's names

    def pass_on(self, body: bytes | None = None) -> tuple[HTTPResponse, bytes]:
        """Ask the server behind; `body` in place of what was sent."""
        kept = {name: text for name, text in self.headers.items() if name.lower() not in _HOPS}
        link = HTTPConnection(*self.server.behind, timeout=_SECONDS)
        try:
            link.request(self.command, self.path, self.body if body is None else body, kept)
            answer = link.getresponse()
            return answer, answer.read()
        finally:
            link.close()

    def say(
        self, status: int, body: bytes, headers: dict[str, str], *, sent: int | None = None
    ) -> None:
        """Answer; `sent`: only so many bytes of what is promised, and then no more."""
        self.send_response_only(status)
        for name, text in headers.items():
            if name.lower() not in _HOPS:
                self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if sent is None else body[:sent])
        self.close_connection = self.close_connection or sent is not None

    def hang_up(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


Spoil = Callable[[Exchange], None]


def well(exchange: Exchange) -> None:
    """Pass it on, and its answer back."""
    try:
        answer, body = exchange.pass_on()
    except (OSError, HTTPException):
        exchange.hang_up()
    else:
        exchange.say(answer.status, body, dict(answer.headers.items()))


class Gateway(ThreadingHTTPServer):
    """The way to the server at `uri`."""

    daemon_threads = True

    def __init__(self, uri: str) -> None:
        place = urlsplit(uri)
        assert place.hostname is not None
        self.behind = place.hostname, place.port
        self.asked: list[str] = []
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Exchange)

    @property
    def uri(self) -> str:
        """Where clients ask."""
        return f"http://127.0.0.1:{self.server_port}"

    def spoil(self, fits: str, do: Spoil, *, left_out: int = 0, times: int = 1) -> Rule:
        """Spoil `times` requests whose "METHOD path" `fits`, after the first `left_out`."""
        rule = Rule(re.compile(fits), do, left_out, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def spoiling(self, request: str) -> Spoil:
        """Return what becomes of `request`."""
        with self._lock:
            self.asked.append(request)
            taken = [rule for rule in self._rules if rule.takes(request)]
        return taken[0].do if taken else well


@contextmanager
def before(uri: str) -> Iterator[Gateway]:
    """Yield a gateway to the server at `uri`."""
    with Gateway(uri) as gateway:
        thread = threading.Thread(target=gateway.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield gateway
        finally:
            gateway.shutdown()
            thread.join()
