"""What a person brings is looked at once, and what is wrong names the variable."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.settings import KafkaSettings
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.findings import (
    broker_at,
    lake_at,
    mlflow_at,
    repository_at,
    require_own,
)
from evermodel.embedded.settings import StackSettings

CLOSED = "127.0.0.1:1"


@contextmanager
def server(status: int) -> Iterator[str]:
    """Yield the URL of a server that answers everything with `status`."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            pass

    listening = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "well"), (401, "well"), (403, "well"), (404, "wrong"), (503, "wrong")],
)
def test_an_mlflow_server_behind_a_password_is_one(status: int, verdict: str) -> None:
    with server(status) as uri:
        assert mlflow_at(uri).verdict == verdict


@pytest.mark.parametrize(
    "uri", ["", "rubbish", "http://host:port", "http://127.0.0.1:1", "file:///"]
)
def test_no_server_is_said_with_the_variable(uri: str) -> None:
    finding = mlflow_at(uri)
    assert finding.verdict == "wrong"
    assert "MLFLOW_TRACKING_URI" in finding.remedy


def test_a_broker_that_does_not_answer_is_named_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evermodel.embedded.findings._BROKER_SECONDS", 0.5)
    finding = broker_at(KafkaSettings(bootstrap_servers=CLOSED))
    assert finding.verdict == "wrong"
    assert finding.detail.startswith(f"no Kafka broker answers at {CLOSED}: Connect to ipv4#")
    assert finding.detail.endswith("Connection refused")
    assert "KAFKA_BOOTSTRAP_SERVERS" in finding.remedy


def test_settings_of_kafka_that_contradict_each_other_are_a_finding_too() -> None:
    settings = KafkaSettings(
        bootstrap_servers=CLOSED, security_protocol="SASL_SSL", sasl_mechanism="NONE"
    )
    assert broker_at(settings).verdict == "wrong"


def test_a_lake_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert lake_at(str(tmp_path)).verdict == "well"
    assert lake_at(str(tmp_path / "file")).verdict == "wrong"
    assert lake_at(str(tmp_path / "none")).verdict == "wrong"
    assert lake_at("s3://bucket").verdict == "unknown"
    assert lake_at("").verdict == "wrong"


def test_a_repository_is_what_git_reads(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "it")], check=True)
    assert repository_at(str(tmp_path / "it")).verdict == "well"
    assert repository_at(str(tmp_path / "other")).verdict == "wrong"
    assert repository_at("").detail == "Git cannot read one: none is named"


def test_what_lies_on_this_machine_is_misconfigured_and_a_server_is_not_available(
    tmp_path: Path,
) -> None:
    kafka, lake = KafkaSettings(bootstrap_servers=CLOSED), str(tmp_path / "none")
    far = "http://127.0.0.1:1/config.git"
    with pytest.raises(Misconfigured, match="EVERMODEL_LAKE"):
        require_own(StackSettings(evermodel_lake=lake), kafka)
    with pytest.raises(Misconfigured, match="EVERMODEL_CONFIG_REPOSITORY"):
        require_own(StackSettings(evermodel_config_repository=lake), kafka)
    with pytest.raises(NotAvailable, match="EVERMODEL_CONFIG_REPOSITORY"):
        require_own(StackSettings(evermodel_config_repository=far), kafka)
    with pytest.raises(NotAvailable, match="MLFLOW_TRACKING_URI"):
        require_own(StackSettings(mlflow_tracking_uri="rubbish"), kafka)
    require_own(StackSettings(evermodel_lake=str(tmp_path)), kafka)
