"""What a person brings is looked at once, and what is wrong names the variable."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded import findings, mlflow_server
from evermodel.embedded.certificates import make_certificates
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.findings import (
    broker_at,
    lake_at,
    mlflow_at,
    repository_at,
    require_own,
    topics_at,
)
from evermodel.embedded.settings import StackSettings

CLOSED = "127.0.0.1:1"


@contextmanager
def server(status: int, *, certificate: Path | None = None) -> Iterator[str]:
    """Yield the URL of a server that answers everything with `status`."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else status)  # as MLflow does
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            pass

    listening = HTTPServer(("127.0.0.1", 0), Answers)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http{'s' if certificate else ''}://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "well"), (401, "well"), (403, "well"), (404, "unknown"), (503, "unknown")],
)
def test_any_answer_but_a_servers_error_is_an_mlflow_servers(status: int, verdict: str) -> None:
    with server(status) as uri:
        found = mlflow_at(uri)
        require_own(StackSettings(mlflow_tracking_uri=uri), KafkaSettings())
    assert found.verdict == verdict
    assert (f"HTTP Error {status}" in found.detail) is (verdict == "unknown")


def test_a_server_that_answers_no_question_is_wrong() -> None:
    with server(500) as uri:
        found = mlflow_at(uri)
        with pytest.raises(NotAvailable, match="answers no question: HTTP Error 500"):
            require_own(StackSettings(mlflow_tracking_uri=uri), KafkaSettings())
    assert (found.verdict, "its database" in found.remedy) == ("wrong", True)


def test_up_starts_no_mlflow_over_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(bytes(range(250)) * 20)
    with pytest.raises(NotAvailable, match=r"mlflow\.db is no SQLite database: put back a copy"):
        mlflow_server.prepare(tmp_path)


def test_only_a_server_that_answers_from_its_database_is_ready() -> None:
    with server(200) as well, server(500) as broken:
        assert mlflow_server.is_healthy(well)
        assert not mlflow_server.is_healthy(broken)


@pytest.mark.parametrize(
    "uri", ["", "http://", "http://host:port", "http://[::1", "http://127.0.0.1:1", "http://a b"]
)
def test_no_server_is_said_with_the_variable(uri: str) -> None:
    finding = mlflow_at(uri)
    assert finding.verdict == "wrong"
    assert "MLFLOW_TRACKING_URI" in finding.remedy


def test_why_nobody_answers_is_kept() -> None:
    assert mlflow_at("http://127.0.0.1:1").detail.endswith("Connection refused")


def test_a_server_that_says_nothing_in_time_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "_MLFLOW_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        finding = mlflow_at(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert finding.verdict == "wrong"
    assert finding.detail.endswith("timed out")


def test_a_server_whose_certificate_mlflow_alone_may_trust_keeps_nobody_from_starting(
    tmp_path: Path,
) -> None:
    make_certificates(tmp_path, ("other",), now=SystemClock().now())
    with server(200, certificate=tmp_path / "other.pem") as uri:
        found = mlflow_at(uri)
        require_own(StackSettings(mlflow_tracking_uri=uri), KafkaSettings())
    assert found.verdict == "unknown"
    assert "CERTIFICATE_VERIFY_FAILED" in found.detail


@pytest.mark.parametrize("uri", ["rubbish", "localhost:5000", "htp://localhost:5000"])
def test_what_mlflow_knows_no_address_of_is_wrong(uri: str) -> None:
    found = mlflow_at(uri)
    assert (found.verdict, "knows no such address" in found.detail) == ("wrong", True)


@pytest.mark.parametrize("uri", ["databricks", "databricks://profile", "file:///mlruns"])
def test_what_is_no_address_is_for_mlflows_client_to_find(uri: str) -> None:
    assert mlflow_at(uri).verdict == "unknown"
    require_own(StackSettings(mlflow_tracking_uri=uri), KafkaSettings())


def test_one_that_breaks_off_was_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def break_off() -> None:
            listening.accept()[0].close()

        Thread(target=break_off).start()
        finding = mlflow_at(f"http://127.0.0.1:{listening.getsockname()[1]}")
    assert finding.verdict == "unknown"
    assert "it broke off: " in finding.detail


def test_a_user_and_a_password_in_the_uri_are_neither_the_hosts_name_nor_shown() -> None:
    with server(200) as uri:
        found = mlflow_at(uri.replace("://", "://me:secret@"))
    assert (found.verdict, found.detail) == ("well", f"answers at {uri}")


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


def test_topics_that_may_not_be_described_are_a_finding_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_: KafkaSettings) -> list[str]:
        raise BrokerUnavailable("Kafka refused or did not answer: Topic authorization failed.")

    monkeypatch.setattr(findings, "check_topics", refused)
    finding = topics_at(KafkaSettings())
    assert finding.verdict == "wrong"
    assert "Topic authorization failed" in finding.detail
    assert "describe the topics" in finding.remedy


def test_a_lake_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert lake_at(str(tmp_path)).verdict == "well"
    assert lake_at(str(tmp_path / "file")).verdict == "wrong"
    assert lake_at(str(tmp_path / "none")).verdict == "wrong"
    assert lake_at("s3://bucket").verdict == "wrong"
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
        require_own(StackSettings(mlflow_tracking_uri="http://127.0.0.1:1"), kafka)
    require_own(StackSettings(evermodel_lake=str(tmp_path)), kafka)
