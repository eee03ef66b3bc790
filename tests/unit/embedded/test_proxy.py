"""A proxy that a company names looks on a machine of its own: loopback is asked without it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evermodel.cli.examination import examine
from evermodel.embedded.mlflow_server import is_healthy
from evermodel.embedded.settings import ask_this_machine_directly, inherited_environment
from evermodel.embedded.stack import read_environment

NOBODY = "http://127.0.0.1:9"


class Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the base class's name
        self.send_response(200)
        self.end_headers()


@contextmanager
def here() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Well) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=["http_proxy", "HTTP_PROXY"])
def proxied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")  # so that what is tested sets nothing beyond the test
        monkeypatch.delenv(name)
    monkeypatch.setenv(request.param, NOBODY)
    monkeypatch.setattr(
        "urllib.request._opener", None
    )  # it keeps the proxies of its first question


@pytest.mark.guarantee(
    "outside",
    fault="a proxy is named (HTTP_PROXY) that knows nothing of this machine, and no NO_PROXY",
    promise="'up' and the demo ask their own MLflow server without it, and so does every service",
    seen="nothing",
)
@pytest.mark.usefixtures("proxied")
def test_the_stack_asks_its_own_server_without_the_proxy(tmp_path: Path) -> None:
    with here() as uri:
        assert not is_healthy(uri), "the proxy is asked, or this shows nothing"
        read_environment(tmp_path, {})
        assert is_healthy(uri)


@pytest.mark.usefixtures("proxied")
def test_the_doctor_asks_what_is_here_without_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr("evermodel.embedded.findings._BROKER_SECONDS", 0.1)
    with here() as uri:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        (found,) = (each for each in examine(tmp_path) if each.what == "mlflow")
    assert found.verdict == "well", found


@pytest.mark.usefixtures("proxied")
def test_what_a_person_excepts_stays_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", ".example, 10.0.0.1")
    for _ in range(2):
        ask_this_machine_directly()
        assert inherited_environment()["no_proxy"] == ".example,10.0.0.1,127.0.0.1,localhost"
    monkeypatch.setenv("no_proxy", "*")
    ask_this_machine_directly()
    assert inherited_environment()["no_proxy"] == "*"


def test_without_a_proxy_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in inherited_environment() if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    ask_this_machine_directly()
    assert "NO_PROXY" not in inherited_environment()
