"""The config repository is there from the start, with a branch to build on."""

import subprocess
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize("command", ["update-index", "write-tree", "commit-tree", "update-ref"])
def test_one_that_was_begun_and_not_ended_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    whole = repository._git

    def killed(path: Path | None, *arguments: str, **more: Any) -> str:
        if arguments[0] != command:
            return whole(path, *arguments, **more)
        index = Path((more.get("environment") or {}).get("GIT_INDEX_FILE", tmp_path / "none"))
        index.with_name(f"{index.name}.lock").touch()
        raise NotAvailable("killed")

    with monkeypatch.context() as once:
        once.setattr(repository, "_git", killed)
        with pytest.raises(NotAvailable, match="killed"):
            repository.ensure_repository(tmp_path / "config.git")
    path = repository.ensure_repository(tmp_path / "config.git")
    assert "README.md" in git(path, "ls-tree", "--name-only", "main")


def test_a_folder_that_cannot_be_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises((NotAvailable, OSError)):
        repository.ensure_repository(tmp_path / "file" / "config.git")
    assert not repository.answers(str(tmp_path / "nothing"))
