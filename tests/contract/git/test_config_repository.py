"""One suite for every config repository: real git on a bare repository, and the fake.

The fake's blind spot: it has no second writer inside a write; races are git's alone
(`test_git_faults.py`).
"""

from pathlib import Path

import pytest

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
    back,
    by_hand,
    commits,
    git,
    losing_answers,
    on_git,
    release,
    up,
)


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


@pytest.mark.guarantee(
    "outside",
    fault="Git takes a push and its answer is lost",
    promise="the change is found again: one commit",
    seen="deployer logs '… is owed to the config repository: git: …'; evermodel_git_owed_changes",
)
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


@pytest.mark.guarantee(
    "outside",
    fault="a person writes nonsense into the machine's file",
    promise="refused and left alone; the change stays owed until it is mended",
    seen="deployer logs '… is owed to the config repository: …'; evermodel_git_divergence 1",
)
@pytest.mark.parametrize(
    "text",
    [
        "desired: [unclosed",
        "- a list",
        "desired: {version: 1}",
        "desired:\n  version: champion\n  uri: u\n  digest: d\n",
        "desired:\n  version: 1\n  version: 2\n  uri: u\n  digest: d\n",
        "desired:\n  version: 0\n  uri: u\n  digest: d\n",
        "desired:\n  version: -1\n  uri: u\n  digest: d\n",
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
