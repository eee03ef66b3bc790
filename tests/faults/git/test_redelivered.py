"""One promotion again and again, each time by a deployer that knows of no earlier time."""

from pathlib import Path

import pytest

from evermodel.deployer.ports import RepositoryUnavailable
from tests.contract.git.writing import commits, git, losing_answers, on_git, up

TIMES = 300


@pytest.mark.whole
@pytest.mark.timeout(600)
@pytest.mark.guarantee(
    "outside",
    fault=f"a promotion is delivered {TIMES} times, to a new deployer each time; the first push is "
    "taken and its answer lost",
    promise="one commit, and each delivery names it",
    seen="the same commit in rollout.step; evermodel_git_owed_changes 0",
)
def test_one_promotion_is_one_commit(tmp_path: Path) -> None:
    bare = tmp_path / "config.git"
    bare.mkdir()
    git("init", "-q", "--bare", "-b", "main", at=bare)
    repository = on_git(bare)
    repository.write(up(None, 1))
    with losing_answers(repository, bare), pytest.raises(RepositoryUnavailable):
        repository.write(up(1, 2))
    written = {on_git(bare, clone=f"clone-{n % 3}").write(up(1, 2)) for n in range(TIMES)}
    assert len(written) == 1
    assert commits(repository, bare) == 2
