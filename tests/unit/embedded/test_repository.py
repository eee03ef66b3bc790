"""The config repository is there from the start, with a branch to build on."""

import subprocess
from pathlib import Path

import pytest

from evermodel.embedded import repository
from evermodel.embedded.errors import NotAvailable


def git(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", f"--git-dir={path}", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    path = repository.ensure_repository(tmp_path / "config.git")
    head = git(path, "rev-parse", "main")
    assert repository.ensure_repository(path) == path
    assert git(path, "rev-parse", "main") == head
    assert set(git(path, "ls-tree", "-r", "--name-only", "main").split()) == {
        "README.md",
        "environments/production/.gitkeep",
    }
    assert repository.answers(str(path))


def test_a_folder_that_cannot_be_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises((NotAvailable, OSError)):
        repository.ensure_repository(tmp_path / "file" / "config.git")
    assert not repository.answers(str(tmp_path / "nothing"))
