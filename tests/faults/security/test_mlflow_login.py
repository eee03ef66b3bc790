"""An MLflow server of one's own asks for a password: its client's own variables show it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from evermodel.common.kernel.errors import Transient
from evermodel.common.kernel.ids import ModelName
from evermodel.registrar.adapters.mlflow_registry import MlflowRegistry

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

PASSWORD = "planted-mlflow-password"  # noqa: S105  # planted
OPENS = "Basic " + b64encode(f"ada:{PASSWORD}".encode()).decode()
FRAUD = ModelName("fraud")


class Guarded(BaseHTTPRequestHandler):
    """A registry with one model and no version, for ada alone."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == OPENS
        found = json.dumps({"registered_model": {"name": "fraud"}})
        body = (found if known else "You are not authenticated.").encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@pytest.fixture
def place() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.guarantee(
    "security",
    fault="an MLflow server of one's own asks for a password",
    promise="it is shown from MLFLOW_TRACKING_USERNAME and _PASSWORD, or from the URL",
    seen="no error",
)
@pytest.mark.parametrize("where", ["variables", "URL"])
def test_a_server_that_asks_is_shown_the_password(
    where: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"http://{place}"
    if where == "URL":
        uri = f"http://ada:{PASSWORD}@{place}"
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    assert MlflowRegistry(uri).aliased(FRAUD, alias="champion") is None


@pytest.mark.guarantee(
    "security",
    fault="MLflow's URL or variables hold a password, and the server {does}",
    promise="the work waits, and what is said of it does not hold the password",
    seen="'MLflow does not answer: API request to …' in log and dead letter",
)
@pytest.mark.parametrize("does", ["refuses it", "is away"])
def test_a_password_that_opens_nothing_is_not_told(
    does: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "eve")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    asked = place if does == "refuses it" else "127.0.0.1:9"
    for uri in (f"http://{asked}", f"http://eve:{PASSWORD}@{asked}"):
        with pytest.raises(Transient, match="MLflow does not answer: API request to") as caught:
            MlflowRegistry(uri).aliased(FRAUD, alias="champion")
        assert PASSWORD not in str(caught.value)
