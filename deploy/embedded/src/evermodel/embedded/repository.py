"""A bare Git repository for what should serve. ``python -m evermodel.embedded.repository PATH``.

Owns its creation and its first commit. What is written there later is the deployer's alone.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from evermodel.common.kernel.git_login import git_alone, git_login
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.settings import inherited_environment

_TIME = "2000-01-01T00:00:00Z"
_WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "evermodel"), ("EMAIL", "evermodel@localhost"), ("DATE", _TIME))
}
_README = """\
# What should serve

Written by evermodel's deployer, read by people and by the rollout engine: one commit when a
rollout starts, one when it is taken back. `environments/<environment>/` holds one file per model.
To take a version back, order it: `evermodel abort --model NAME --why REASON`.
"""
_UNREAD = "fatal: Could not read from remote repository."
#: Without one of these Git calls it no repository; it makes them in this order.
_PARTS = ("HEAD", "refs", "config", "objects")
_SEED = {"README.md": _README, "environments/production/.gitkeep": ""}


def ensure_repository(path: Path) -> Path:
    """Return `path` as a bare repository with a branch ``main``, made if it is not there.

    Raises:
        NotAvailable: Git is missing or refuses.
    """
    if not all((path / part).exists() for part in _PARTS):  # or was cut short: by a full disk
        path.parent.mkdir(parents=True, exist_ok=True)
        _git(None, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    if not _git(path, "for-each-ref", "refs/heads/main").strip():
        _seed(path)
    return path


def require_readable(repository: str) -> None:
    """Return if Git can read `repository` (a path or URL), told no more than the deployer's is.

    Raises:
        NotAvailable: it cannot; says why in Git's words.
    """
    if "\0" in repository:
        raise NotAvailable("no address has a NUL in it")
    place, login = git_login(repository)
    # No repository that the command line may be in has a say either.
    alone = {**login, "GIT_DIR": os.devnull}
    _git(None, "ls-remote", "--heads", "--", place, environment=alone)


def is_local(repository: str) -> bool:
    """Return whether `repository` names a path on this machine, as Git reads it."""
    host, colon, _ = repository.partition(":")
    return repository.startswith("file://") or not colon or "/" in host


def _seed(path: Path) -> None:
    """Make the first commit with plumbing: a bare repository has no work tree.

    The index is one of its own: a lock that an earlier, killed attempt left would stop it for ever.
    """
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        for name, content in _SEED.items():
            blob = _git(path, "hash-object", "-w", "--stdin", given=content).strip()
            entry = f"100644,{blob},{name}"
            _git(path, "update-index", "--add", "--cacheinfo", entry, environment=index)
        tree = _git(path, "write-tree", environment=index).strip()
    commit = _git(path, "commit-tree", tree, "-m", "Begin", environment=_WHO).strip()
    _git(path, "update-ref", "refs/heads/main", commit)


def _git(
    path: Path | None,
    *arguments: str,
    given: str = "",
    environment: Mapping[str, str] | None = None,
) -> str:
    where = [] if path is None else [f"--git-dir={path}"]
    try:
        done = subprocess.run(
            ["git", *where, *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            start_new_session=True,  # without a terminal, as services are: it asks nobody anything
            env={**git_alone(inherited_environment()), **(environment or {})},
        )
    except FileNotFoundError as error:
        raise NotAvailable("git is not on the PATH: install Git") from error
    except subprocess.TimeoutExpired as error:
        raise NotAvailable(f"git {arguments[0]} took longer than 30 s") from error
    if done.returncode:
        raise NotAvailable(f"git {arguments[0]} failed: {_reason(done.stderr)}")
    return done.stdout


def _reason(said: str) -> str:
    """Return the line of `said` that gives the reason: below it Git may add advice.

    Of a remote that could not be read, it is ssh or the server that said why, one line before.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
    reasons = (at for at, line in enumerate(lines) if line.startswith(("fatal:", "error:", "ssh:")))
    at = next(reasons, len(lines) - 1)
    if at and lines[at] == _UNREAD:
        at -= 1
    return lines[at].removeprefix("fatal: ")


def main(arguments: list[str]) -> int:
    """Make the repository at the one path in `arguments`; return an exit code."""
    if len(arguments) != 1:
        sys.stderr.write("name one path for the repository\n")
        return 2
    try:
        ensure_repository(Path(arguments[0]))
    except NotAvailable as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
