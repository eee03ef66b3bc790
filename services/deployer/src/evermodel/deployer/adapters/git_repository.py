"""The config repository in git, through the ``git`` program.

Owns a working clone of its own. Must never force, never write outside the machine's file, and
never depend on a user's git configuration. Commits carry event time, so that the same history
has the same ids wherever it is written.
"""

import os  # the child's environment starts from ours: PATH, HOME, SSH_AUTH_SOCK
import random
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from evermodel.deployer.adapters import yaml_manifest
from evermodel.deployer.adapters.authorship import AUTHOR
from evermodel.deployer.domain.changes import Change
from evermodel.deployer.ports import (
    Desired,
    RepositoryUnavailable,
    Superseded,
    Written,
    wants,
)

TRIES = 5
TIMEOUT_SECONDS = 30.0
_TRANSPORTS = ("/", "./", "../", "file://", "ssh://", "https://", "http://", "git://", "git@")


class GitFailed(Exception):
    """A git command failed; the message is its last words."""


class GitRepository:
    """A branch of a bare repository or URL. One instance per process; calls are serialised.

    `pause` is how a refused push waits: seconds in, after jitter. Tests pass their own.
    """

    def __init__(
        self,
        url: str,
        *,
        clone: Path,
        environment: str = "production",
        branch: str = "main",
        pause: Callable[[float], object] = threading.Event().wait,
    ) -> None:
        if not url.startswith(_TRANSPORTS) or "::" in url or re.search("(//|@)-", url):
            raise ValueError(
                f"EVERMODEL_CONFIG_REPOSITORY {url!r}: give a path from / or a URL "
                "(file, ssh, https, http, git)"
            )
        self._url, self._clone = url, clone
        self._environment, self._branch, self._pause = environment, branch, pause
        self._lock = threading.Lock()

    def desired(self, model: str, /) -> Desired | None:
        with self._lock:
            text = self._text(model) if self._fetch() else None
        return None if text is None else yaml_manifest.read(text)

    def write(self, change: Change, /) -> Written | Superseded:
        with self._lock:
            for attempt in range(TRIES):
                done = self._try(change)
                if done is not None:
                    return done
                # Two writers that lost to each other must not meet again in step.
                self._pause(random.uniform(0.0, 0.05 * 2**attempt))  # noqa: S311  # jitter
        raise RepositoryUnavailable(f"the push was refused {TRIES} times: others write as well")

    def _try(self, change: Change) -> Written | Superseded | None:
        """Fetch, look the change up, recompute the edit, push; None when another was faster."""
        known = self._fetch()
        text = self._text(change.model) if known else None
        made = self._find(change) if known else None
        if made is not None:
            return Written(commit=made)
        desired = None if text is None else yaml_manifest.read(text)
        if desired is not None and change.yields_to(desired.version):
            return Superseded(desired=desired.version)
        if desired is not None and wants(desired, change):
            return Written(commit=self._git("rev-parse", self._remote))
        edited = yaml_manifest.first(change) if text is None else yaml_manifest.edit(text, change)
        commit = self._commit(change, edited, parent=self._remote if known else None)
        return Written(commit=commit) if self._push(commit) else None

    @property
    def _remote(self) -> str:
        return f"refs/remotes/origin/{self._branch}"

    def _fetch(self) -> bool:
        """Bring the clone up to date; False while the branch has no commit."""
        try:
            if not (self._clone / "HEAD").exists():
                self._clone.mkdir(parents=True, exist_ok=True)
                self._git("init", "--quiet", "--bare")
            listed = self._git("ls-remote", "--heads", self._url, f"refs/heads/{self._branch}")
            if not listed:
                return False
            refspec = f"+refs/heads/{self._branch}:{self._remote}"
            self._git("fetch", "--quiet", "--no-tags", self._url, refspec)
        except (GitFailed, OSError, subprocess.TimeoutExpired) as error:
            raise RepositoryUnavailable(f"git: {error}") from error
        return True

    def _text(self, model: str) -> str | None:
        path = yaml_manifest.path_of(model, self._environment)
        if not self._git("ls-tree", self._remote, "--", path):
            return None
        return self._git("cat-file", "blob", f"{self._remote}:{path}", strip=False)

    def _find(self, change: Change) -> str | None:
        wanted = (f"Lifecycle-Event-Id: {change.cause}", f"Model-Uri: {change.to.model_uri}")
        greps = [f"--grep=^{line}$" for line in wanted]
        found = self._git("log", "--all-match", "--format=%H", "-1", *greps, self._remote)
        return found or None

    def _commit(self, change: Change, text: str, *, parent: str | None) -> str:
        """Write the commit object over `parent`'s tree, touching one path; no work tree needed."""
        index = {"GIT_INDEX_FILE": str(self._clone / "evermodel.index")}
        self._git("read-tree", *([parent] if parent else ["--empty"]), extra=index)
        blob = self._git("hash-object", "-w", "--stdin", stdin=text)
        path = yaml_manifest.path_of(change.model, self._environment)
        self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", extra=index)
        tree = self._git("write-tree", extra=index)
        parents = ["-p", parent] if parent else []
        when = f"{int(change.time.timestamp())} +0000"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        return self._git("commit-tree", tree, *parents, stdin=change.message, extra=dates)

    def _push(self, commit: str) -> bool:
        """Push without force. False when the branch has moved on, which a fetch will show."""
        try:
            self._git("push", "--quiet", self._url, f"{commit}:refs/heads/{self._branch}")
        except GitFailed as error:
            said = str(error)
            if any(word in said for word in ("rejected", "failed to lock", "cannot lock ref")):
                return False
            raise RepositoryUnavailable(f"git: {error}") from error
        except subprocess.TimeoutExpired as error:
            raise RepositoryUnavailable(f"git: {error}") from error
        return True

    def _git(
        self,
        *arguments: str,
        stdin: str | None = None,
        extra: dict[str, str] | None = None,
        strip: bool = True,
    ) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self._clone,
            env={**_environment(), **(extra or {})},
            input="" if stdin is None else stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            words = " ".join((done.stderr or done.stdout).split())[-400:]
            raise GitFailed(f"{arguments[0]}: {words or f'exit code {done.returncode}'}")
        return done.stdout.strip() if strip else done.stdout


def _environment() -> dict[str, str]:
    """Return an environment in which no user's configuration, hook or prompt plays a part."""
    name, mail = AUTHOR
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}  # noqa: TID251  # handed to the child unread
    return {
        **kept,
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_DIR": ".",
        "LC_ALL": "C",
    }
