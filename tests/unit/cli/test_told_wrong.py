"""What a person told it wrong is one sentence, with exit code 2, before anything starts."""

import re
from pathlib import Path

import pytest

from evermodel.cli.main import run
from tests.integration.services import MODEL

OWN = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
UP = ["up", "--model", "model.toml"]


@pytest.fixture(autouse=True)
def nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object) -> None:
        raise AssertionError("it had begun to start")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.toml").write_text(MODEL)
    monkeypatch.setattr("evermodel.embedded.lock.held", started)
    monkeypatch.setattr("evermodel.demo.story.generate", started)
    monkeypatch.setattr("evermodel.cli.running.end_on_signals", lambda *_: None)
    monkeypatch.setattr("evermodel.cli.playing.end_on_signals", lambda *_: None)
    parts = ("MLFLOW_TRACKING_URI", "EVERMODEL_CONFIG_REPOSITORY", "EVERMODEL_LAKE")
    for name in (*OWN, *parts, "EVERMODEL_MODELS", "EVERMODEL_SECURITY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evermodel.embedded.findings._BROKER_SECONDS", 0.5)


def set_all(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the last line that was said, of a command that made no file."""
    assert sorted(path.name for path in Path().iterdir()) == ["model.toml"]
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (OWN, "no Kafka broker answers at 127.0.0.1:1: .*or correct KAFKA_BOOTSTRAP_SERVERS"),
        (
            {"KAFKA_BOOTSTRAP_SERVERS": "no.such.host"},
            "no Kafka broker answers at no.such.host: Failed to resolve 'no.such.host:9092'",
        ),
        (
            {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"},
            "no MLflow server answers at http://127.0.0.1:1: .*or correct MLFLOW_TRACKING_URI",
        ),
        (
            {"EVERMODEL_CONFIG_REPOSITORY": "http://127.0.0.1:1/config.git"},
            "Git cannot read http://127.0.0.1:1/config.git: .*set EVERMODEL_CONFIG_REPOSITORY",
        ),
    ],
)
def test_a_server_of_ones_own_that_does_not_answer_is_said_before_anything_starts(
    environment: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_all(environment, monkeypatch)
    assert run(UP) == 3
    last = last_line(capsys)
    assert re.match(f"evermodel: {sentence}", last), last


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ([*UP, "--replicas", "scorrer=2"], {}, "replicas scorrer=2: name one of scorer, drift-"),
        ([*UP, "--replicas", "scorer=²"], {}, "--replicas scorer=²: write NAME=NUMBER, e.g. "),
        ([*UP, "--replicas", "scorer=" + "9" * 5000], {}, "--replicas scorer=9999999"),
        (UP, {**OWN, "EVERMODEL_SECURITY": "on"}, "EVERMODEL_SECURITY secures the stack's own"),
        (UP, {"EVERMODEL_SPARES": "yes"}, "EVERMODEL_SPARES: Input should be 'on' or 'off'"),
        (UP, {"EVERMODEL_SECURITY": "yes"}, "EVERMODEL_SECURITY: Input should be 'on' or 'off'"),
        (UP, {"EVERMODEL_KAFKA_REPLICATION": "0"}, "EVERMODEL_KAFKA_REPLICATION: "),
        (UP, {"EVERMODEL_LAKE": "model.toml"}, "model.toml is no folder: make the folder, or corr"),
        (UP, {"EVERMODEL_CONFIG_REPOSITORY": "no.git"}, "Git cannot read no.git: git ls-remote"),
        (UP, {"EVERMODEL_HEALTH_PORT": "99999"}, "EVERMODEL_HEALTH_PORT: Input should be less"),
        (UP, {"EVERMODEL_LOG_LEVEL": "loud"}, "EVERMODEL_LOG_LEVEL: Input should be 'DEBUG'"),
        (UP, {"EVERMODEL_ATTEMPTS": "0"}, "EVERMODEL_ATTEMPTS: Input should be greater than"),
        (UP, {"EVERMODEL_CONSOLE_PORT": "99999"}, "EVERMODEL_CONSOLE_PORT: Input should be less"),
        (["demo", "--model", "model.toml"], {"EVERMODEL_SPARES": "1"}, "EVERMODEL_SPARES: Input"),
        (["status"], {"EVERMODEL_SPARES": "yes"}, "EVERMODEL_SPARES: Input should be"),
        (
            ["status"],
            {**OWN, "KAFKA_SECURITY_PROTOCOL": "TLS"},
            "KAFKA_SECURITY_PROTOCOL: Input should be",
        ),
    ],
)
def test_it_is_said_in_one_sentence(
    arguments: list[str],
    environment: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_all(environment, monkeypatch)
    assert run(arguments) == 2
    assert last_line(capsys).startswith(f"evermodel: {sentence}")


def test_an_empty_variable_is_as_good_as_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("EVERMODEL_SPARES", "EVERMODEL_SECURITY", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.setenv(name, "")
    assert run(["status"]) == 3
    assert "no broker is known" in capsys.readouterr().err
