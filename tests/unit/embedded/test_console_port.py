"""A port that a person named for the console is taken as it is, or refused before the start."""

import socket
from pathlib import Path

import pytest

from evermodel.embedded import mlflow_server
from evermodel.embedded.addresses import LOOPBACK
from evermodel.embedded.errors import Occupied
from evermodel.embedded.stack import stack

PARTS = ("KAFKA_BOOTSTRAP_SERVERS", "MLFLOW_TRACKING_URI", "EVERMODEL_LAKE")


def test_one_that_is_taken_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(_: Path) -> None:
        raise AssertionError("it had begun to start")

    monkeypatch.setattr(mlflow_server, "prepare", started)
    for name in (*PARTS, "EVERMODEL_CONFIG_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("EVERMODEL_CONSOLE_PORT", str(port))
        with (
            pytest.raises(Occupied, match=f"EVERMODEL_CONSOLE_PORT={port} cannot be listened on"),
            stack(tmp_path / "state", models="m"),
        ):
            raise AssertionError
