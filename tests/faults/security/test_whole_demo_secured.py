"""The whole demo, played with everybody asked for a password."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evermodel.demo.story import FAULT
from tests.e2e.demo import MODEL, REPLAY, demo


@pytest.mark.whole
@pytest.mark.timeout(900)
@pytest.mark.guarantee(
    "security",
    fault="the whole demo over TLS, every client logged in, its own topics its only ones",
    promise="the twin decides the same; nothing lost, doubled or given up",
    seen="EVERMODEL_SECURITY=on make demo",
)
def test_the_demo_ends_as_it_does_without_security(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERMODEL_SECURITY", "on")
    told = demo(tmp_path / "demo", "--model", str(MODEL))
    assert list((told.out / "stack" / "secrets" / "passwords").iterdir())
    assert [told.summary[name] for name in ("lost", "duplicated", "dead_letters")] == [0, 0, 0]
    data, twin = told.out / "data.parquet", tmp_path / "twin"
    command = [sys.executable, "-c", REPLAY, str(MODEL), str(data), str(twin), FAULT]
    subprocess.run(command, env={**os.environ, "EVERMODEL_SECURITY": "off"}, check=True)
    alone = json.loads((twin / "summary.json").read_text())
    assert told.summary["ledger_sha256"] == alone["ledger_sha256"]
