"""A service that is told too little says what is missing, in one sentence and with exit code 2."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOSPC, EROFS
from pathlib import Path

import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.runtime.service import read, run_service, tell_started
from evermodel.common.settings.http import HealthSettings
from evermodel.common.settings.process import ServiceSettings

SERVICES = [
    ["evermodel.scorer"],
    ["evermodel.drift", "windower"],
    ["evermodel.drift", "detector"],
    ["evermodel.drift", "outcomes"],
    ["evermodel.trainer"],
    ["evermodel.registrar"],
    ["evermodel.deployer"],
]


@pytest.mark.parametrize("service", SERVICES, ids=" ".join)
def test_a_missing_setting_is_named_without_a_traceback(service: list[str]) -> None:
    bare = {k: v for k, v in os.environ.items() if not k.startswith("EVERMODEL_")}  # noqa: TID251  # a child's
    ended = subprocess.run(
        [sys.executable, "-m", *service],
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "EVERMODEL_MODELS: Field required" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("service", SERVICES, ids=" ".join)
def test_a_shared_setting_that_is_wrong_is_named_alike_by_every_service(service: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", *service],
        env={**os.environ, "EVERMODEL_MODELS": ".", "EVERMODEL_INSTANCE": "a b"},  # noqa: TID251  # a child's
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "EVERMODEL_INSTANCE: String should match" in ended.stderr


def refusal(service: list[str], **told: str) -> str:
    """Start `service` with a sound model and what it is `told`; return its last words."""
    ended = subprocess.run(
        [sys.executable, "-m", *service],
        env={**os.environ, "EVERMODEL_MODELS": "examples/demo", **told},  # noqa: TID251  # a child's
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


ADDRESSES = {"EVERMODEL_CONFIG_REPOSITORY": "/nowhere/config.git", "EVERMODEL_LAKE": "/nowhere"}


@pytest.mark.parametrize("service", SERVICES, ids=" ".join)
def test_a_model_file_that_cannot_be_used_is_one_sentence(
    service: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "model.toml"
    file.write_text(
        "[model]\nname = 'x'\n[stream]\ntime = 'T'\nlabel = 'L'\n[windows]\nlenght = '1d'\n"
    )
    said = refusal(service, EVERMODEL_MODELS=str(file), EVERMODEL_WORK=str(tmp_path), **ADDRESSES)
    assert "windows.lenght: no such key (misspelt?)" in said


def test_an_address_that_is_none_is_one_sentence_and_shows_no_password(tmp_path: Path) -> None:
    told = {**ADDRESSES, "EVERMODEL_CONFIG_REPOSITORY": "oauth2:s3cr3t@git.example:config.git"}
    said = refusal(["evermodel.deployer"], EVERMODEL_WORK=str(tmp_path), **told)
    assert "EVERMODEL_CONFIG_REPOSITORY '***@git.example:config.git': give a path" in said


def test_a_fault_switch_that_is_misspelt_is_one_sentence(tmp_path: Path) -> None:
    told = {"EVERMODEL_WORK": str(tmp_path), "EVERMODEL_SCORER_FAULT": "2:TX_AMOUNT:much"}
    said = refusal(["evermodel.scorer"], **told)
    assert "EVERMODEL_SCORER_FAULT: '2:TX_AMOUNT:much' is not <version>" in said


def test_the_console_names_a_wrong_setting_as_every_service_does() -> None:
    said = refusal(["evermodel.console"], EVERMODEL_CONSOLE_PORT="many")
    assert "EVERMODEL_CONSOLE_PORT: Input should be a valid integer" in said


def test_a_role_that_is_none_is_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "evermodel.drift", "wanderer"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "windower|detector|outcomes" in ended.stderr


def test_a_model_file_that_is_wrong_is_one_sentence_and_no_bug() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "evermodel.drift", "outcomes"],
        env={**os.environ, "EVERMODEL_MODELS": "/nowhere.toml", "EVERMODEL_LAKE": "/nowhere"},  # noqa: TID251  # a child's
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "/nowhere.toml: cannot be read" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(ENOSPC, "No space left on device", "/x"), 3, "the machine has not enough"),
        (OSError(EROFS, "Read-only file system", "/x"), 2, "/x: cannot be used: Read-only"),
        (OSError("what?"), 1, "stopped by a bug"),
    ],
    ids=str,
)
def test_what_the_system_refuses_is_told_apart(
    error: OSError,
    code: int,
    said: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It is the whole process's: what other tests say would be written as well.
    monkeypatch.setattr("evermodel.common.runtime.service.configure_logs", lambda **_: None)

    @contextmanager
    def wire() -> Iterator[ServiceSpec]:
        with suppress(ZeroDivisionError):
            raise error
        yield ServiceSpec(name="x", service="x")

    assert run_service(wire, settings=ServiceSettings()) == code
    assert said in caplog.text


def test_what_a_service_imports_reports_to_nobody_and_gives_up_soon_unless_told_otherwise() -> None:
    script = """
import os
from contextlib import contextmanager
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.runtime.service import start
from evermodel.common.settings.process import ServiceSettings

@contextmanager
def wire(settings):
    names = "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    print(*map(os.environ.get, names))
    raise BrokerUnavailable("enough")
    yield

start(ServiceSettings, wire, arguments=[])
"""
    for given, shown in (
        ({}, "true true 0"),
        ({"DO_NOT_TRACK": "no", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}, "true no 3"),
    ):
        ended = subprocess.run(
            [sys.executable, "-c", script],
            env=given,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stdout.strip() == shown


def test_that_it_works_is_told_by_a_file_and_needs_none(tmp_path: Path) -> None:
    tell_started(HealthSettings())
    tell_started(HealthSettings(started_file=tmp_path / "nowhere" / "started"))
    tell_started(HealthSettings(started_file=tmp_path / "started"))
    assert [path.name for path in tmp_path.iterdir()] == ["started"]


def test_a_health_port_is_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERMODEL_HEALTH_PORT", "99999")
    with pytest.raises(Misconfigured, match="EVERMODEL_HEALTH_PORT: Input should be less than"):
        read(HealthSettings)
