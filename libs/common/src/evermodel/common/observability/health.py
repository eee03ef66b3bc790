"""``/healthz``, ``/readyz`` and ``/metrics`` of one process, on loopback unless told otherwise.

Healthy: the loop has turned lately. Ready: it also has its partitions. Owns no decision. The first
two are for an orchestrator's probes, which can show nothing; the third asks for the token, if any.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from evermodel.common.kernel.bearer import refusal
from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.observability.metrics import Metrics

Answer = Callable[[], bool]

#: Whoever connects and then says nothing, or is gone, keeps a thread and a handle for so long.
SILENT_SECONDS = 10.0


@contextmanager
def health_server(
    *,
    host: str,
    port: int,
    metrics: Metrics,
    healthy: Answer,
    ready: Answer,
    token: str | None = None,
) -> Iterator[int]:
    """Serve until the block ends; yields the port (0 asks for a free one).

    `token`: what whoever asks for ``/metrics`` must show; None: nothing, and then only who asks
    for loopback by its name is answered.

    Raises:
        Misconfigured: it cannot be listened on, being taken or no address of this machine.
    """
    asked = _Asked(metrics=metrics, healthy=healthy, ready=ready, token=token)
    try:
        server = ThreadingHTTPServer((host, port), partial(_Handler, asked))
    except OSError as error:
        what = f"EVERMODEL_HEALTH_PORT={port} cannot be listened on at {host}: {error.strerror}"
        raise Misconfigured(f"{what}; name another port, or 0 for a free one") from error
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    metrics: Metrics
    healthy: Answer
    ready: Answer
    token: str | None


class _Handler(BaseHTTPRequestHandler):
    timeout = SILENT_SECONDS

    def __init__(self, asked: _Asked, *connection: Any) -> None:
        self._asked = asked
        super().__init__(*connection)  # which answers

    def do_GET(self) -> None:  # the base class's name
        asked = self._asked
        match self.path:
            case "/metrics":
                self._show_metrics(asked.metrics, token=asked.token)
            case "/healthz":
                self._say(asked.healthy())
            case "/readyz":
                self._say(asked.healthy() and asked.ready())
            case _:
                self._send(HTTPStatus.NOT_FOUND, b"not here\n")

    def _show_metrics(self, metrics: Metrics, *, token: str | None) -> None:
        shown, host = self.headers.get("Authorization"), self.headers.get("Host")
        if refused := refusal(shown, host=host, token=token):
            self._send(refused.status, refused.text.encode(), headers=refused.headers)
        else:
            self._send(HTTPStatus.OK, generate_latest(metrics.registry), kind=CONTENT_TYPE_LATEST)

    def _say(self, is_so: bool) -> None:  # noqa: FBT001  # an answer, no switch
        if is_so:
            self._send(HTTPStatus.OK, b"ok\n")
        else:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"no\n")

    def _send(
        self,
        status: HTTPStatus,
        body: bytes,
        *,
        kind: str = "text/plain",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing: a probe every second is no news."""
