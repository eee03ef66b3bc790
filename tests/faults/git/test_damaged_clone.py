"""What a power cut leaves of the deployer's clone: files that are there, and empty."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evermodel.deployer.adapters.git_repository import GitRepository
from evermodel.deployer.ports import RepositoryUnavailable, Written
from tests.contract.git.writing import git, up
from tests.faults.quick import whole_but

FILE = "environments/production/fraud.yaml"


def empty(name: str) -> Callable[[Path], None]:
    """Leave nothing of the object that `name` means in the clone."""

    def strike(clone: Path) -> None:
        (head,) = git("for-each-ref", "--format=%(objectname)", at=clone).split()
        sha = git("rev-parse", name.format(head), at=clone).strip()
        file = clone / "objects" / sha[:2] / sha[2:]
        file.chmod(0o644)
        file.write_bytes(b"")

    return strike


DAMAGES: dict[str, Callable[[Path], object]] = {
    "the machine's file": empty(f"{{}}:{FILE}"),
    "a folder": empty("{}^{{tree}}"),
    "the newest commit": empty("{}"),
    "HEAD": lambda clone: (clone / "HEAD").write_text(""),
    "the configuration": lambda clone: (clone / "config").write_text("[core\n"),
}


@pytest.mark.guarantee(
    "outside",
    fault="{damage} is empty or cut short in the deployer's clone, as after a power cut",
    promise="the clone is thrown away and made anew: the next change is one commit",
    seen="deployer logs '… is owed to the config repository: git: …', once",
)
@pytest.mark.parametrize("damage", whole_but("the machine's file", DAMAGES))
def test_a_damaged_clone_is_made_anew(damage: str, tmp_path: Path) -> None:
    bare, clone = tmp_path / "config.git", tmp_path / "clone"
    git("init", "-q", "--bare", "-b", "main", str(bare), at=tmp_path)
    repository = GitRepository(str(bare), clone=clone, pause=lambda _: None)
    repository.write(up(None, 1))
    assert repository.desired("fraud") is not None
    DAMAGES[damage](clone)
    with pytest.raises(RepositoryUnavailable):
        repository.desired("fraud")
    assert isinstance(repository.write(up(1, 2)), Written)
    wanted = repository.desired("fraud")
    assert wanted is not None
    assert wanted.version == 2
    assert len(git("log", "--format=%h", "main", at=bare).split()) == 2
