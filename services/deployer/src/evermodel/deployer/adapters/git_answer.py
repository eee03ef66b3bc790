"""What the config repository says at the end of a run, for whoever reports on one.

Owns the question, so that the twin and the demo ask it alike. Must never write.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evermodel.deployer.adapters.git_repository import GitRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAnswer:
    """The commit at the head of the branch, and the version that its file of a model wants."""

    head: str | None
    desired_version: int | None


def ask_git(url: str, *, model: str) -> GitAnswer:
    """Return what the repository at `url` says of `model`, read by a clone of its own.

    Raises:
        RepositoryUnavailable: git or the repository does not answer.
        RepositoryBroken: the file is not what the machine wrote.
    """
    with TemporaryDirectory(prefix="evermodel-reader-") as folder:
        repository = GitRepository(url, clone=Path(folder) / "clone.git")
        head, desired = repository.head(), repository.desired(model)
    return GitAnswer(head=head, desired_version=None if desired is None else desired.version)
