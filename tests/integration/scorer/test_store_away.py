"""A store that is away holds nothing up: the next step may be the one that takes a version back."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from evermodel.scorer.adapters.mlflow_bundles import MlflowDownload
from evermodel.scorer.ports import BundleUnreachable


class Down(ThreadingHTTPServer):
    """A server that is starting: it answers 503, and counts who asked for what."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        down = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the base class's name
                down.asked[self.path] += 1
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def down() -> Iterator[Down]:
    server = Down()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_is_asked_once_more_and_no_longer(down: Down, tmp_path: Path) -> None:
    download = MlflowDownload(f"http://ada:s3cr3t@127.0.0.1:{down.server_port}")

    with pytest.raises(BundleUnreachable):
        download("runs:/0123456789abcdef0123456789abcdef/bundle", tmp_path)

    assert down.asked
    assert max(down.asked.values()) <= 2
