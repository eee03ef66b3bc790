"""Changes to write, repositories to write them to, and what they then hold."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.domain.changes import Change, promotion, rollback
from evermodel.deployer.domain.release import Release
from evermodel.deployer.ports import (
    ConfigRepository,
)

FILE = "environments/production/fraud.yaml"
TIME = datetime(2018, 6, 1, tzinfo=UTC)


def release(version: int) -> Release:
    return Release(
        version=version,
        model_uri=f"models:/fraud/{version}",
        artefact_uri=f"runs:/r{version}/bundle",
        digest=f"sha256:{version:064x}",
        threshold=0.5,
        reference_id="ref",
        lifecycle_id=f"life-{version}",
    )


def up(start: int | None, to: int, *, cause: str | None = None) -> Change:
    return promotion(
        "fraud",
        champion=None if start is None else release(start),
        challenger=release(to),
        cause=cause or f"accepted-{to}",
        time=TIME,
        reason=f"v{to} was accepted",
    )


def back(bad: int, to: int, *, reason: str = "skewed", cause: str | None = None) -> Change:
    return rollback(
        "fraud",
        bad=release(bad),
        to=release(to),
        cause=cause or f"judged-{bad}",
        time=TIME,
        reason=reason,
        evidence=("skew_scores: 0.3 against 0.1",),
    )


def git(*arguments: str, at: Path) -> str:
    identity = {
        f"GIT_{who}_{what}": "someone@example.invalid"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull}  # noqa: TID251  # a test's own git
    done = subprocess.run(
        ["git", *arguments], cwd=at, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def on_git(bare: Path, *, clone: str = "clone") -> GitRepository:
    return GitRepository(str(bare), clone=bare.parent / clone, pause=lambda _: None)


#: Kills the receiving side once the branch has moved, before it can say so to the pusher.
LOSING = """#!/bin/sh
[ "$1" = committed ] && grep -q refs/heads/main && kill -9 $PPID
exit 0
"""


@contextmanager
def losing_answers(repository: ConfigRepository, bare: Path) -> Iterator[None]:
    """Let the repository take what is written, and lose the answer."""
    if isinstance(repository, MemoryRepository):
        repository.lossy = True
        yield
        repository.lossy = False
        return
    hook = bare / "hooks" / "reference-transaction"
    hook.write_text(LOSING)
    hook.chmod(0o755)
    yield
    hook.unlink()


def commits(repository: ConfigRepository, bare: Path) -> int:
    if isinstance(repository, MemoryRepository):
        return len(repository.log)
    return int(git("rev-list", "--count", "main", at=bare))


def by_hand(bare: Path, tmp_path: Path, files: dict[str, str], *, name: str = "person") -> None:
    """Commit `files` as a person would, from a clone of their own."""
    person = tmp_path / name
    if not person.exists():
        git("clone", "-q", str(bare), str(person), at=tmp_path)
    git("checkout", "-q", "-B", "main", at=person)
    for path, text in files.items():
        (person / path).parent.mkdir(parents=True, exist_ok=True)
        (person / path).write_text(text)
    git("add", "-A", at=person)
    git("commit", "-q", "-m", "by hand", at=person)
    git("push", "-q", "origin", "main", at=person)
