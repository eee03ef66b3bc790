"""Races, locks, full disks and lost clones: what real git meets and the port must not show."""

import errno
import os
import resource
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.deployer.adapters import git_repository
from evermodel.deployer.adapters.git_repository import GitFailed, GitRepository
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.ports import (
    ConfigRepository,
    RepositoryBroken,
    RepositoryUnavailable,
    Superseded,
    Written,
)
from tests.contract.git.writing import (
    FILE,
    by_hand,
    commits,
    git,
    on_git,
    release,
    up,
)


class Racing(GitRepository):
    """A repository into which `rival` commits between our fetch and our push, `times` times."""

    def __init__(self, bare: Path, *, rival: Callable[[int], object], times: int) -> None:
        super().__init__(str(bare), clone=bare.parent / "racing", pause=lambda _: None)
        self._rival, self._times, self.raced = rival, times, 0

    def _push(self, commit: str) -> bool:
        if self.raced < self._times:
            self.raced += 1
            self._rival(self.raced)
        return super()._push(commit)


def notes(bare: Path, tmp_path: Path) -> Callable[[int], None]:
    return lambda n: by_hand(bare, tmp_path, {f"note-{n}": "mine\n"})


@pytest.mark.guarantee(
    "outside",
    fault="another writer pushes to the config repository first, four times",
    promise="the change is worked out anew over theirs; theirs stays, ours is one commit",
    seen="nothing: the fifth try succeeds",
)
def test_a_push_that_lost_a_race_is_worked_out_anew_and_loses_nothing(
    bare: Path, tmp_path: Path
) -> None:
    on_git(bare).write(up(None, 1))
    git("clone", "-q", str(bare), str(tmp_path / "person"), at=tmp_path)

    answer = Racing(bare, rival=notes(bare, tmp_path), times=4).write(up(1, 2))

    assert answer == Written(commit=git("rev-parse", "main", at=bare).strip())
    names = git("ls-tree", "-r", "--name-only", "main", at=bare).split()
    assert names == [FILE, "note-1", "note-2", "note-3", "note-4"]


def test_a_race_lost_to_a_newer_version_is_given_up(bare: Path) -> None:
    on_git(bare).write(up(None, 1))
    other = on_git(bare, clone="other")

    answer = Racing(bare, rival=lambda _: other.write(up(1, 5)), times=1).write(up(1, 2))

    assert answer == Superseded(desired=5)


@pytest.mark.guarantee(
    "outside",
    fault="other writers push to the config repository without end",
    promise="given up for now after five tries, never forced; the change stays owed",
    seen="deployer logs '… is owed to the config repository: git: …'; evermodel_git_owed_changes",
)
def test_a_race_that_never_ends_is_given_up_for_now(bare: Path, tmp_path: Path) -> None:
    on_git(bare).write(up(None, 1))
    git("clone", "-q", str(bare), str(tmp_path / "person"), at=tmp_path)
    racing = Racing(bare, rival=notes(bare, tmp_path), times=99)

    with pytest.raises(RepositoryUnavailable, match="5 times"):
        racing.write(up(1, 2))
    assert racing.raced == 5


def test_a_repository_that_is_away_says_so_and_answers_when_it_is_back(
    bare: Path, tmp_path: Path
) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    bare.rename(tmp_path / "moved")
    with pytest.raises(RepositoryUnavailable):
        repository.write(up(1, 2))
    (tmp_path / "moved").rename(bare)

    assert isinstance(repository.write(up(1, 2)), Written)


def test_a_repository_that_refuses_writes_is_unavailable_not_a_race(bare: Path) -> None:
    repository = on_git(bare)
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(RepositoryUnavailable):
        repository.write(up(None, 1))


@pytest.mark.parametrize("lock", ["evermodel.index.lock", "refs/remotes/*/main"])
def test_a_lock_that_a_killed_process_left_is_in_nobodys_way_for_long(
    lock: str, bare: Path
) -> None:
    repository = on_git(bare)
    for change in (up(None, 1), up(1, 2)):
        repository.write(change)  # the second one has something to fetch, and makes the folders
    on_git(bare, clone="other").write(up(2, 3))
    clone = bare.parent / "clone"
    for path in clone.glob(lock) if "*" in lock else [clone / lock]:
        path.with_name(f"{path.name.removesuffix('.lock')}.lock").touch()
    assert list(clone.rglob("*.lock"))

    with suppress(RepositoryUnavailable):
        repository.write(up(3, 4))
    assert isinstance(repository.write(up(3, 4)), Written)


@pytest.mark.guarantee(
    "outside",
    fault="the disk of the config repository or of its clone is full (on {ask})",
    promise="nothing is inferred; the change is written when there is room",
    seen="deployer logs '… is owed to the config repository: git: …'; evermodel_git_owed_changes",
)
@pytest.mark.parametrize("ask", ["desired", "write"])
def test_a_disk_that_takes_nothing_is_an_answer_that_is_missing(ask: str, bare: Path) -> None:
    on_git(bare).write(up(None, 1))
    repository = on_git(bare, clone="other")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(RepositoryUnavailable):
            repository.desired("fraud") if ask == "desired" else repository.write(up(1, 2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(repository.write(up(1, 2)), Written)


@pytest.mark.parametrize("step", ["ls-tree", "log", "hash-object", "read-tree", "commit-tree"])
@pytest.mark.parametrize(
    "failure", [GitFailed("no"), subprocess.TimeoutExpired("git", 30), OSError(28, "full")]
)
def test_whatever_step_fails_the_port_says_that_the_repository_does_not_answer(
    step: str, failure: Exception, bare: Path
) -> None:
    class Failing(GitRepository):
        def _git(self, *arguments: str, **more: Any) -> str:
            if arguments[0] == step:
                raise failure
            return super()._git(*arguments, **more)

    on_git(bare).write(up(None, 1))

    with pytest.raises(RepositoryUnavailable):
        Failing(str(bare), clone=bare.parent / "failing").write(up(1, 2))


def let_go(fifo: Path) -> bool:
    """Let a process that waits for `fifo` go on; return whether one did wait, dying or not."""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return False
    return True


@pytest.mark.guarantee(
    "outside",
    fault="a push hangs and is given up",
    promise="it never lands later",
    seen="deployer logs '… is owed to the config repository: git: …'; evermodel_git_owed_changes",
)
def test_a_push_that_was_given_up_does_not_land_later(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(GitRepository):
        def _git(self, *arguments: str, **more: Any) -> str:
            """Bound the push alone: on a busy machine the steps before it take seconds."""
            with monkeypatch.context() as bound:
                if arguments[0] == "push":
                    bound.setattr(git_repository, "TIMEOUT_SECONDS", 5.0)
                return super()._git(*arguments, **more)

    repository = Impatient(str(bare), clone=bare.parent / "clone")
    repository.write(up(None, 1))
    asked, free = bare.parent / "asked", bare.parent / "free"
    os.mkfifo(free)
    hook = bare / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\ntouch {asked}\nread _ < {free}\nexit 0\n")
    hook.chmod(0o755)
    with pytest.raises(RepositoryUnavailable, match="timed out"):
        repository.write(up(1, 2))

    assert asked.exists()
    while let_go(free):
        pass
    assert commits(repository, bare) == 1


def test_a_lost_clone_is_made_again(bare: Path) -> None:
    on_git(bare, clone="a").write(up(None, 1))

    assert isinstance(on_git(bare, clone="b").write(up(1, 2)), Written)


@pytest.mark.guarantee(
    "outside",
    fault="the deployer's clone was cut short ({broken})",
    promise="it is made again; one commit per change",
    seen="deployer logs '… is owed to the config repository: git: …'; evermodel_git_owed_changes",
)
@pytest.mark.parametrize("broken", ["HEAD", "objects"])
def test_a_clone_that_was_cut_short_is_made_again(bare: Path, broken: str) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    for file in [bare.parent / "clone" / "HEAD", *(bare.parent / "clone/objects").rglob("*")]:
        if broken in str(file) and file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")

    with suppress(RepositoryUnavailable):
        repository.write(up(1, 2))
    assert isinstance(repository.write(up(1, 2)), Written)
    assert commits(repository, bare) == 2


def test_the_repositorys_own_lock_is_waited_for_as_a_race_and_never_broken(bare: Path) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    lock = bare / "refs/heads/main.lock"
    lock.touch()

    with pytest.raises(RepositoryUnavailable, match="5 times"):
        repository.write(up(1, 2))
    assert lock.exists()
    lock.unlink()
    assert isinstance(repository.write(up(1, 2)), Written)


@pytest.mark.guarantee(
    "outside",
    fault="a person edits the machine's file between its fetch and its push",
    promise="the edit survives, the change is made over it",
    seen="nothing: it is worked out anew",
)
def test_a_persons_edit_of_the_same_file_between_fetch_and_push_survives(
    bare: Path, tmp_path: Path
) -> None:
    on_git(bare).write(up(None, 1))
    git("clone", "-q", str(bare), str(tmp_path / "person"), at=tmp_path)
    text = git("show", f"main:{FILE}", at=bare) + "owner: ada\n"

    Racing(bare, rival=lambda _: by_hand(bare, tmp_path, {FILE: text}), times=1).write(up(1, 2))

    edited = git("show", f"main:{FILE}", at=bare)
    assert "owner: ada" in edited
    assert "version: 2" in edited
    assert int(git("rev-list", "--count", "main", at=bare)) == 3


def test_an_edit_that_would_change_a_persons_line_as_well_is_refused(
    bare: Path, tmp_path: Path
) -> None:
    text = "shared: &d sha256:1\ndesired:\n  version: 1\n  uri: models:/fraud/1\n  digest: *d\n"
    by_hand(bare, tmp_path, {FILE: text})

    for repository in (on_git(bare), MemoryRepository(files={FILE: text})):
        with pytest.raises(RepositoryBroken):
            repository.write(up(1, 2))
    assert git("show", f"main:{FILE}", at=bare) == text


@pytest.mark.parametrize("uri", ["models:/fraud/2\nowner: eve", "models:/fraud/2 # and more"])
def test_what_would_become_other_yaml_is_refused(
    uri: str, repository: ConfigRepository, bare: Path
) -> None:
    repository.write(up(None, 1))
    forged = replace(up(1, 2), to=replace(release(2), model_uri=uri))

    with pytest.raises(RepositoryBroken, match=r"changed more than|not YAML"):
        repository.write(forged)
    assert commits(repository, bare) == 1


def test_no_users_configuration_is_needed(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "someone else")

    on_git(bare).write(up(None, 1))

    assert git("log", "-1", "--format=%an %cn", at=bare).strip() == (
        "evermodel deployer evermodel deployer"
    )


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch /tmp/owned",
        "-oProxyCommand=x",
        "ext::sh -c 'touch owned'",
        "ssh://-oProxyCommand=x/repo",
        "git@-oProxyCommand=x:repo",
        "",
        "fd::17",
    ],
)
def test_an_address_that_git_would_take_for_an_option_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="EVERMODEL_CONFIG_REPOSITORY"):
        GitRepository(url, clone=tmp_path / "clone")
