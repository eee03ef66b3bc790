"""One suite for every config repository: real git on a bare repository, and the fake.

The fake's blind spot: it has no second writer inside a write; the race is git's alone (below).
"""

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evermodel.common.kernel.errors import Misconfigured
from evermodel.deployer.adapters import git_repository
from evermodel.deployer.adapters.git_repository import GitFailed, GitRepository
from evermodel.deployer.adapters.memory_repository import MemoryRepository
from evermodel.deployer.domain.changes import Change, promotion, rollback
from evermodel.deployer.domain.release import Release
from evermodel.deployer.ports import (
    ConfigRepository,
    RepositoryBroken,
    RepositoryUnavailable,
    Superseded,
    Written,
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


def back(bad: int, to: int, *, reason: str = "skewed") -> Change:
    return rollback(
        "fraud",
        bad=release(bad),
        to=release(to),
        cause=f"judged-{bad}",
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


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "config.git"
    path.mkdir()
    git("init", "-q", "--bare", "-b", "main", at=path)
    return path


def on_git(bare: Path, *, clone: str = "clone") -> GitRepository:
    return GitRepository(str(bare), clone=bare.parent / clone, pause=lambda _: None)


@pytest.fixture(params=["git", "memory"])
def repository(request: pytest.FixtureRequest, bare: Path) -> ConfigRepository:
    return on_git(bare) if request.param == "git" else MemoryRepository()


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


def test_an_empty_repository_wants_nothing(repository: ConfigRepository) -> None:
    assert repository.desired("fraud") is None


def test_what_was_written_is_desired(repository: ConfigRepository) -> None:
    repository.write(up(None, 1))
    repository.write(up(1, 2))

    desired = repository.desired("fraud")

    assert desired is not None
    assert (desired.version, desired.model_uri) == (2, "models:/fraud/2")
    assert desired.digest == release(2).digest


def test_the_same_change_twice_makes_one_commit(repository: ConfigRepository, bare: Path) -> None:
    first = repository.write(up(None, 1))
    repository.write(up(1, 2))

    assert repository.write(up(None, 1)) == first
    assert commits(repository, bare) == 2


def test_a_change_that_is_already_the_case_makes_no_commit(
    repository: ConfigRepository, bare: Path
) -> None:
    repository.write(up(None, 1))

    answer = repository.write(up(None, 1, cause="another"))

    assert isinstance(answer, Written)
    assert commits(repository, bare) == 1


def test_a_promotion_yields_to_a_newer_version(repository: ConfigRepository, bare: Path) -> None:
    repository.write(up(None, 3))

    assert repository.write(up(1, 2)) == Superseded(desired=3)
    assert commits(repository, bare) == 1


def test_a_rollback_goes_back(repository: ConfigRepository) -> None:
    repository.write(up(None, 1))
    repository.write(up(1, 2))

    assert isinstance(repository.write(back(2, 1)), Written)
    desired = repository.desired("fraud")
    assert desired is not None
    assert desired.version == 1


def test_a_rollback_undoes_only_its_own_version(repository: ConfigRepository) -> None:
    repository.write(up(None, 1))
    repository.write(up(1, 2))
    repository.write(up(2, 3))

    assert repository.write(back(2, 1)) == Superseded(desired=3)


def test_a_version_that_was_taken_back_can_be_promoted_again_by_another_cause(
    repository: ConfigRepository, bare: Path
) -> None:
    for change in (up(None, 1), up(1, 2), back(2, 1), up(1, 2, cause="lifted")):
        assert isinstance(repository.write(change), Written)

    assert commits(repository, bare) == 4


def test_a_change_whose_answer_was_lost_is_found_when_it_is_written_again(
    repository: ConfigRepository, bare: Path
) -> None:
    repository.write(up(None, 1))
    with losing_answers(repository, bare), pytest.raises(RepositoryUnavailable):
        repository.write(up(1, 2))

    assert isinstance(repository.write(up(1, 2)), Written)
    assert commits(repository, bare) == 2


def test_a_promotion_whose_answer_was_lost_is_undone_by_its_rollback(
    repository: ConfigRepository, bare: Path
) -> None:
    repository.write(up(None, 1))
    with losing_answers(repository, bare), pytest.raises(RepositoryUnavailable):
        repository.write(up(1, 2))

    assert isinstance(repository.write(back(2, 1)), Written)
    desired = repository.desired("fraud")
    assert desired is not None
    assert desired.version == 1
    assert commits(repository, bare) == 3


def test_the_rollback_of_a_promotion_that_was_never_written_writes_nothing(
    repository: ConfigRepository, bare: Path
) -> None:
    repository.write(up(None, 1))

    assert isinstance(repository.write(back(2, 1)), Written)
    assert commits(repository, bare) == 1


def test_models_do_not_meet(repository: ConfigRepository) -> None:
    repository.write(up(None, 1))

    assert repository.desired("other") is None


@pytest.mark.parametrize(
    "text",
    [
        "desired: [unclosed",
        "- a list",
        "desired: {version: 1}",
        "desired:\n  version: champion\n  uri: u\n  digest: d\n",
        "desired:\n  version: 1\n  version: 2\n  uri: u\n  digest: d\n",
        "",
    ],
)
def test_a_file_a_person_broke_is_refused_and_left_alone(
    text: str, bare: Path, tmp_path: Path
) -> None:
    memory = MemoryRepository(files={FILE: text})
    real = on_git(bare)
    by_hand(bare, tmp_path, {FILE: text})

    for repository in (memory, real):
        with pytest.raises(RepositoryBroken):
            repository.write(up(1, 2))
    assert memory.files[FILE] == text
    assert git("show", f"main:{FILE}", at=bare) == text


# What only git can show.


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


def test_an_edit_changes_three_lines_and_keeps_a_persons_comments(
    bare: Path, tmp_path: Path
) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    git("clone", "-q", str(bare), str(tmp_path / "person"), at=tmp_path)
    text = git("show", f"main:{FILE}", at=bare)
    text = text.replace("version: 1", "version: 1   # ask ada first") + "owner:   ada\n"
    by_hand(bare, tmp_path, {FILE: text, "README": "ours\n"})

    repository.write(up(1, 2))

    assert git("diff", "--numstat", "main~1", "main", at=bare).split() == ["3", "3", FILE]
    assert "version: 2   # ask ada first" in git("show", f"main:{FILE}", at=bare)
    assert git("show", "main:README", at=bare) == "ours\n"


def test_the_message_tells_people_and_its_trailers_tell_machines(bare: Path) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    repository.write(up(1, 2))
    repository.write(back(2, 1))

    subject, body = git("log", "-1", "--format=%s%n%b", at=bare).split("\n", 1)
    trailers = git("log", "-1", "--format=%(trailers:only,unfold)", at=bare).strip().splitlines()
    assert subject == "rollback(fraud): v2 -> v1"
    assert "skew_scores: 0.3 against 0.1" in body
    assert trailers == [
        "Lifecycle-Event-Id: judged-2",
        "Lifecycle-Id: life-2",
        "Model-Uri: models:/fraud/1",
        f"Model-Digest: {release(1).digest}",
        "Rollback-Of: models:/fraud/2",
        "Rollback-Reason: skewed",
    ]


def test_a_reason_cannot_forge_a_trailer(bare: Path) -> None:
    repository = on_git(bare)
    repository.write(up(None, 1))
    repository.write(up(1, 2))
    repository.write(back(2, 1, reason="x\n\nLifecycle-Event-Id: accepted-9\nModel-Uri: y"))

    found = git("log", "--grep=^Lifecycle-Event-Id: accepted-9$", "--format=%H", at=bare)
    assert found == ""


def test_the_same_history_has_the_same_ids_in_every_repository(tmp_path: Path) -> None:
    heads = []
    for name in ("one", "two"):
        bare = tmp_path / name / "config.git"
        bare.mkdir(parents=True)
        git("init", "-q", "--bare", "-b", "main", at=bare)
        repository = on_git(bare)
        for change in (up(None, 1), up(1, 2), back(2, 1)):
            answer = repository.write(change)
        assert isinstance(answer, Written)
        heads.append(answer.commit)

    fake = MemoryRepository()
    for change in (up(None, 1), up(1, 2), back(2, 1)):
        fake.write(change)
    assert heads == [fake.head, fake.head]


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


@pytest.mark.parametrize("lock", ["evermodel.index.lock", "refs/remotes/origin/main.lock"])
def test_a_lock_that_a_killed_process_left_is_in_nobodys_way_for_long(
    lock: str, bare: Path
) -> None:
    repository = on_git(bare)
    for change in (up(None, 1), up(1, 2)):
        repository.write(change)  # the second one has something to fetch, and makes the folders
    on_git(bare, clone="other").write(up(2, 3))
    (bare.parent / "clone" / lock).touch()

    with suppress(RepositoryUnavailable):
        repository.write(up(3, 4))
    assert isinstance(repository.write(up(3, 4)), Written)


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
