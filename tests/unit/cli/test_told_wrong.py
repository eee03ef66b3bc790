"""What a person told it wrong is one sentence, with exit code 2, before anything starts."""

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
    for name in (*OWN, "MLFLOW_TRACKING_URI", "EVERMODEL_MODELS", "EVERMODEL_SECURITY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ([*UP, "--replicas", "scorrer=2"], {}, "replicas scorrer=2: name one of scorer, drift-"),
        (UP, {**OWN, "EVERMODEL_SECURITY": "on"}, "EVERMODEL_SECURITY secures the stack's own"),
        (UP, {"EVERMODEL_SPARES": "yes"}, "EVERMODEL_SPARES: Input should be 'on' or 'off'"),
        (UP, {"EVERMODEL_SECURITY": "yes"}, "EVERMODEL_SECURITY: Input should be 'on' or 'off'"),
        (UP, {"EVERMODEL_KAFKA_REPLICATION": "0"}, "EVERMODEL_KAFKA_REPLICATION: "),
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
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run(arguments) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith(f"evermodel: {sentence}")
    assert sorted(path.name for path in Path().iterdir()) == ["model.toml"]


def test_an_empty_variable_is_as_good_as_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("EVERMODEL_SPARES", "EVERMODEL_SECURITY", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.setenv(name, "")
    assert run(["status"]) == 3
    assert "no broker is known" in capsys.readouterr().err
