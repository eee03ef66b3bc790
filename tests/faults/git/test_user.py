"""A config repository on this machine that the deployer's user may not write, or does not own.

Root may write everything, so where tests run as root Git is run as a user who may not.
"""

import functools
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from evermodel.deployer.adapters.memory_repository import MemoryRepository
from tests.contract.git.writing import git, on_git
from tests.faults.git.faults import Place
from tests.faults.git.retreat import OWED, taken_back
from tests.unit.deployer.scenario import Story

#: Of nobody in particular.
USER = 65534
IS_ROOT = os.geteuid() == 0


@contextmanager
def theirs(prefix: str) -> Iterator[str]:
    """Yield a temporary folder as that user would have made it."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    shutil.chown(made, USER, USER)
    try:
        yield str(made)
    finally:
        shutil.rmtree(made)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository of the user whom Git is run as."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = Place(bare=folder / "config.git", clone=folder / "clone")
        git("init", "-q", "--bare", "-b", "main", str(made.bare), at=folder)
        for clone in (made.clone, folder / "another"):
            clone.mkdir()
        if IS_ROOT:
            give(folder, USER)
            as_user = functools.partial(subprocess.Popen, user=USER, group=USER, extra_groups=[])
            monkeypatch.setattr(subprocess, "Popen", as_user)
            monkeypatch.setattr(tempfile, "TemporaryDirectory", theirs)
        yield made


@pytest.fixture
def story(place: Place) -> Story:
    """A rollout of version 2 over version 1."""
    # A story asks no more of it than its port.
    repository = cast(MemoryRepository, on_git(place.bare))
    return Story(repository=repository).accepted(1).accepted(2).days(2)


def give(folder: Path, user: int) -> None:
    for file in (folder, *folder.rglob("*")):
        shutil.chown(file, user, user)


def writable(bare: Path, *, may: bool) -> None:
    for file in (bare, *bare.rglob("*")):
        mode = file.stat().st_mode
        file.chmod(mode | 0o200 if may else mode & ~0o222)


@pytest.mark.guarantee(
    "outside",
    fault="the config repository may not be written by the deployer's user",
    promise="its weight is zero at once; Git is told by one commit once it may be written",
    seen=f"deployer logs 'rollback(fraud): v2 -> v1 {OWED}: the push was refused 5 times: "
    "git: push: … unpacker error …'; evermodel_git_owed_changes",
)
def test_a_repository_that_may_not_be_written_is_told_once_it_may(
    place: Place,
    story: Story,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    writable(place.bare, may=False)
    with caplog.at_level(logging.ERROR):
        seconds = taken_back(story, place.bare, caplog, mend=lambda: writable(place.bare, may=True))
    record_property("flows_again_seconds", seconds)
    assert "the push was refused 5 times: git: push: " in caplog.text
    assert "unpacker error" in caplog.text


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file to somebody else")
@pytest.mark.guarantee(
    "outside",
    fault="the config repository belongs to another user than the deployer's",
    promise="its weight is zero at once; Git is told by one commit once it belongs to it",
    seen=f"deployer logs '… {OWED}: git: ls-remote: fatal: detected dubious ownership …'; "
    "evermodel_git_up 0",
)
def test_a_repository_of_somebody_else_is_told_once_it_is_ours(
    place: Place, story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    give(place.bare, 0)
    with caplog.at_level(logging.ERROR):
        taken_back(story, place.bare, caplog, mend=lambda: give(place.bare, USER))
    assert "detected dubious ownership" in caplog.text
