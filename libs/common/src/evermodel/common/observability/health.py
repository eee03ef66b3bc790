"""``/healthz``, ``/readyz`` and ``/metrics`` of one process, on loopback unless told otherwise.

Healthy: the loop has turned lately. Ready: it also has its partitions. Owns no decision. The first
two are for an orchestrator's probes, which can show nothing; the third asks for the token, if any.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from evermodel.common.kernel.bearer import ASKED, SHOW_IT, shows
from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.observability.metrics import Metrics

Answer = Callable[[], bool]

_WHO_ASKS = 401
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

    `token`: what whoever asks for ``/metrics`` must show; None: nothing.

    Raises:
        Misconfigured: it cannot be listened on, being taken or no address of this machine.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = SILENT_SECONDS

        def do_GET(self) -> None:  # the base class's name
            shown = self.headers.get("Authorization")
            if self.path == "/metrics" and not shows(shown, token=token):
                self._send(_WHO_ASKS, SHOW_IT.encode(), "text/plain")
            elif self.path == "/metrics":
                self._send(200, generate_latest(metrics.registry), CONTENT_TYPE_LATEST)
            elif self.path in {"/healthz", "/readyz"}:
                good = healthy() if self.path == "/healthz" else healthy() and ready()
                self._send(200 if good else 503, b"ok\n" if good else b"no\n", "text/plain")
            else:
                self._send(404, b"not here\n", "text/plain")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            if status == _WHO_ASKS:
                for name, value in ASKED.items():
                    self.send_header(name, value)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing: a probe every second is no news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
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
