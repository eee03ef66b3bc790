"""A small story played with everybody asked for a password: it ends as it does without.

The amounts of the bank's cards double; a second version is trained, judged and rolled out. Every
service speaks to the broker as itself, with the rights of the catalogue and no others. Meanwhile
secrets lie where processes find them: afterwards none of them lies anywhere else.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import psutil
import pytest

from evermodel.common.events.catalogue import (
    DETECTOR_STATE,
    ROLLOUT_STEP,
    TRANSACTIONS_SCORED,
)
from evermodel.demo.description import write_description
from evermodel.embedded.broker import kafka
from tests.e2e.conftest import Alone, alone
from tests.e2e.small_bank import brought
from tests.faults.security.whereabouts import found, read

__all__ = ["alone"]

pytestmark = [pytest.mark.whole, pytest.mark.timeout(600)]

NAME = "cards"
#: What no process of the stack needs, and each of them inherits.
PLANTED = {
    "EVERMODEL_HTTP_TOKEN": "planted-console-token-1f7c",
    "MLFLOW_TRACKING_PASSWORD": "planted-mlflow-password-2a9d",
    "AWS_SECRET_ACCESS_KEY": "planted-store-key-77aa",
}


@dataclass(frozen=True)
class Played:
    """What the demo left behind, and every command line that was seen meanwhile."""

    out: Path
    said: str
    summary: Mapping[str, Any]
    commands: frozenset[str]

    @property
    def passwords(self) -> Mapping[str, str]:
        """The brokers' passwords, by principal."""
        folder = self.out / "stack" / "secrets" / "passwords"
        return {file.name: file.read_text() for file in folder.iterdir()}

    @property
    def secrets(self) -> Mapping[str, str]:
        """All that nobody may find."""
        return {**PLANTED, **self.passwords}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    out = tmp_path_factory.mktemp("secured") / "demo"
    frame, model = brought(NAME)
    frame.write_parquet(out.parent / "cards.parquet")
    write_description(model, out.parent / "cards.toml")
    files = ["--data", str(out.parent / "cards.parquet"), "--model", str(out.parent / "cards.toml")]
    command = [str(Path(sys.executable).with_name("evermodel")), "demo", "--out", str(out), *files]
    environment = {**os.environ, **PLANTED, "EVERMODEL_SECURITY": "on"}
    log = out.parent / "said.log"
    seen: set[str] = set()
    with log.open("wb") as told:
        process = subprocess.Popen(command, env=environment, stdout=told, stderr=told)
        while True:
            seen |= set(_commands_below(process.pid))
            try:
                code = process.wait(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                continue
    said = log.read_text()
    assert code == 0, said[-3000:]
    return Played(out, said, json.loads((out / "summary.json").read_text()), frozenset(seen))


def _unpacked(repository: Path) -> bytes:
    """Return every commit, tree and file that Git has: on disk they are zipped."""
    command = ["git", "-C", str(repository), "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _commands_below(pid: int) -> Iterator[str]:
    try:
        for process in psutil.Process(pid).children(recursive=True):
            try:
                yield "\0".join(process.cmdline())
            except psutil.Error:
                continue
    except psutil.Error:
        return


@pytest.mark.guarantee(
    "security",
    fault="every client must log in over TLS, and may use its own topics only",
    promise="the story ends as without: same ledger, nothing lost, doubled or given up",
    seen="summary.json; evermodel_dead_letters_total stays 0",
)
def test_the_story_ends_as_it_does_without_security(played: Played, alone: Alone) -> None:
    summary = played.summary
    assert summary["ledger_sha256"] == alone(NAME)["ledger_sha256"]
    assert [summary[name] for name in ("lost", "duplicated", "dead_letters")] == [0, 0, 0]
    assert {r["version"]: r["outcome"] for r in summary["rollouts"]}[2] == "promoted"


@pytest.mark.guarantee(
    "security",
    fault="passwords for broker, MLflow, store and console lie in the environment or in files",
    promise="none of them is in a log, run, commit (unpacked), page or state file",
    seen="grep over runs/demo",
)
def test_no_secret_lies_anywhere_but_in_the_secret_files(played: Played) -> None:
    secrets = played.secrets
    assert len(secrets) > len(PLANTED)
    folder = played.out / "stack" / "secrets"
    files = [f for f in played.out.rglob("*") if f.is_file() and folder not in f.parents]
    assert len(files) > 50
    assert {"mlflow.db", "events.jsonl", "report.html"} <= {file.name for file in files}
    assert found(secrets, ((str(file), file.read_bytes()) for file in files)) == []
    assert found(secrets, [("said", played.said.encode())]) == []
    commits = _unpacked(played.out / "stack" / "config.git")
    assert b"promote(cards)" in commits
    assert found(secrets, [("config.git", commits)]) == []


@pytest.fixture
def bootstrap(played: Played, tmp_path: Path) -> Iterator[str]:
    """A broker that has what the demo's had, and asks nobody who is there."""
    copytree(played.out / "stack" / "kafka" / "data", tmp_path / "kafka" / "data")
    with kafka(tmp_path / "kafka") as made:
        yield made


@pytest.mark.guarantee(
    "security",
    fault="passwords for broker, MLflow, store and console lie in the environment or in files",
    promise="none of them is in a key, value or header of any event or state record (unpacked)",
    seen="kcat, or another client, over every topic: what is in the broker's files is packed",
)
def test_no_secret_lies_in_a_topic(played: Played, bootstrap: str) -> None:
    texts = read(bootstrap)
    used = {topic for topic, _ in texts}
    assert {TRANSACTIONS_SCORED.name, ROLLOUT_STEP.name, DETECTOR_STATE.name} <= used
    assert [text for topic, text in texts if topic == DETECTOR_STATE.name and b'"opened"' in text]
    assert found(played.secrets, texts) == []


@pytest.mark.guarantee(
    "security",
    fault="anybody on the machine lists its processes",
    promise="no command line of any process of the stack shows a secret",
    seen="ps -ef",
)
def test_no_command_line_shows_a_secret(played: Played) -> None:
    assert len(played.commands) > 10
    assert found(played.secrets, ((line, line.encode()) for line in played.commands)) == []


@pytest.mark.guarantee(
    "security",
    fault="another user of the machine looks into the state folder",
    promise="every secret file is its owner's alone (0600), in folders of 0700",
    seen="ls -l secrets",
)
def test_secret_files_are_closed_to_others(played: Played) -> None:
    secrets = played.out / "stack" / "secrets"
    files = [file for file in secrets.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert {file.parent.stat().st_mode & 0o777 for file in files} == {0o700}
