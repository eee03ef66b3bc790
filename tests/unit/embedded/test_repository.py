"""The config repository is there from the start, with a branch to build on."""

import shutil
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
    repository.require_readable(str(path))


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


def test_one_that_git_cannot_read_is_said_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"'.*nothing' does not appear to be a git repository$"):
        repository.require_readable(str(tmp_path / "nothing"))


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (
            "git@host: Permission denied (publickey).\n",
            "git@host: Permission denied (publickey).",
        ),
        (
            "No ED25519 host key is known for host and you have requested strict checking.\n"
            "Host key verification failed.\n",
            "Host key verification failed.",
        ),
        ("ERROR: Repository not found.\n\n", "ERROR: Repository not found."),
        (
            "ssh: Could not resolve hostname host: Name or service not known\n",
            "ssh: Could not resolve hostname host: Name or service not known",
        ),
        ("fatal: 'x' does not appear to be a git repository\n", "'x' does not appear to be a git"),
        ("", "Could not read from remote repository."),
    ],
)
def test_of_a_remote_that_git_cannot_read_the_reason_is_what_the_other_side_said(
    before: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"{before}fatal: Could not read from remote repository.\n\n"
    said += "Please make sure you have the correct access rights\nand the repository exists.\n"

    def run(*_: object, **__: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess([], 128, stdout="", stderr=said)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(NotAvailable) as refused:
        repository.require_readable("git@host:config.git")
    assert str(refused.value).startswith(f"git ls-remote failed: {reason}")


@pytest.mark.parametrize("place", ["/a/b.git", "b.git", "./a:b/c.git", "file:///a/b.git"])
def test_a_path_is_of_this_machine(place: str) -> None:
    assert repository.is_local(place)


@pytest.mark.parametrize("place", ["https://h/b.git", "ssh://git@h/b.git", "git@h:b.git"])
def test_a_url_is_not(place: str) -> None:
    assert not repository.is_local(place)


def test_git_asks_nobody_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    def run(*_: object, **more: Any) -> "subprocess.CompletedProcess[str]":
        told.update(more)
        return subprocess.CompletedProcess([], 0, stdout="", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    repository.require_readable("ssh://git@host/config.git")
    assert told["start_new_session"]
    assert told["env"]["GIT_TERMINAL_PROMPT"] == "0"


@pytest.mark.guarantee(
    "outside",
    fault="a full disk breaks off a first start while the config repository is made",
    promise="made whole at the next start",
    seen="nothing",
)
@pytest.mark.parametrize("missing", [["HEAD"], ["config", "objects"], ["objects"], ["refs"]])
def test_a_repository_that_a_full_disk_cut_short_is_made_whole(
    missing: list[str], tmp_path: Path
) -> None:
    bare = tmp_path / "config.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    for name in missing:
        (bare / name).unlink() if (bare / name).is_file() else shutil.rmtree(bare / name)
    repository.ensure_repository(bare)
    repository.require_readable(str(bare))
    assert git(bare, "log", "--format=%s", "main") == "Begin\n"
