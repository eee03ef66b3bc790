"""The config repository in git, through the ``git`` program.

Owns a working clone of its own, which is a cache: when git fails in it (a lock that a killed
process left, a damaged object) it is thrown away, and the next try makes another. Must never
force, never write outside the machine's file, and never depend on a user's git configuration.
Commits carry event time, so that the same history has the same ids wherever it is written.
A branch that is gone is no empty one: what people keep on it would be missing from a new history.
"""

import hashlib
import os  # the child's environment starts from ours: PATH, HOME, SSH_AUTH_SOCK
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.kernel.git_login import git_alone, git_login
from evermodel.common.kernel.redaction import redact
from evermodel.deployer.adapters import yaml_manifest
from evermodel.deployer.adapters.authorship import AUTHOR
from evermodel.deployer.domain.changes import Change
from evermodel.deployer.ports import (
    Desired,
    RepositoryBroken,
    RepositoryUnavailable,
    Superseded,
    Written,
    wants,
)

TRIES = 5
TIMEOUT_SECONDS = 30.0
#: Commands that fail for what the repository is or says; others for what lies in the clone.
_OF_THE_REPOSITORY = {"ls-remote", "push"}
#: Between the fields of what git is asked to print: in a trailer's value it counts as a space.
_BETWEEN = "\x1f"
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
        if not url.startswith(_TRANSPORTS) or re.search("\0|::", url) or re.search("(//|@)-", url):
            raise Misconfigured(
                f"EVERMODEL_CONFIG_REPOSITORY {redact(url)!r}: give a path from / or a URL "
                "(file, ssh, https, http, git)"
            )
        self._clone = clone
        self._url, self._login = git_login(url)
        # Another address may follow in the same clone: what that one had is not gone from this.
        self._source = hashlib.sha256(self._url.encode()).hexdigest()[:16]
        self._environment, self._branch, self._pause = environment, branch, pause
        self._lock = threading.Lock()
        self._refusal = ""

    def desired(self, model: str, /) -> Desired | None:
        """Return what the head of the branch wants (``ConfigRepository``)."""
        with self._lock, self._answering():
            text = self._text(model) if self._fetch() else None
        return None if text is None else yaml_manifest.read(text)

    def head(self) -> str | None:
        """Return the commit that the branch is at, None while it has none.

        Raises:
            RepositoryUnavailable: git or the repository does not answer.
        """
        with self._lock, self._answering():
            return self._git("rev-parse", self._remote) if self._fetch() else None

    def write(self, change: Change, /) -> Written | Superseded:
        """Commit `change` and push it, at most ``TRIES`` times (``ConfigRepository``)."""
        with self._lock:
            for attempt in range(TRIES):
                with self._answering():
                    done = self._try(change)
                if done is not None:
                    return done
                # Two writers that lost to each other must not meet again in step.
                self._pause(random.uniform(0.0, 0.05 * 2**attempt))  # noqa: S311  # jitter
        # Others write as well, or it is let in by nobody: what Git says of it tells which.
        raise RepositoryUnavailable(f"the push was refused {TRIES} times: git: {self._refusal}")

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Bring whatever git, the disk or the clock raise to the port's two errors."""
        try:
            yield
        except UnicodeDecodeError as error:
            raise RepositoryBroken("the machine's file is no UTF-8 text") from error
        except (GitFailed, OSError, subprocess.TimeoutExpired) as error:
            raise RepositoryUnavailable(f"git: {error}") from error

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
        return f"refs/remotes/{self._source}/{self._branch}"

    def _fetch(self) -> bool:
        """Bring the clone up to date; False while the branch never had a commit.

        Raises:
            GitFailed: git fails, or the branch that was there is gone.
        """
        if not (self._clone / "HEAD").exists():
            self._clone.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare")
        # Without the clone, which may be damaged: what is wrong with that shows below.
        bare = {"GIT_DIR": os.devnull}
        if not self._git(
            "ls-remote", "--heads", self._url, f"refs/heads/{self._branch}", extra=bare
        ):
            if self._git("for-each-ref", self._remote):
                raise GitFailed(
                    f"the branch {self._branch} is gone: put it back, or remove {self._clone} "
                    "if it shall begin anew"
                )
            return False
        refspec = f"+refs/heads/{self._branch}:{self._remote}"
        try:
            self._git("fetch", "--quiet", "--no-tags", self._url, refspec)
        except subprocess.TimeoutExpired:
            # What it had of a pack when it was ended: try after try would fill the disk.
            for left in self._clone.glob("objects/pack/tmp_*"):
                left.unlink(missing_ok=True)
            raise
        return True

    def _text(self, model: str) -> str | None:
        path = yaml_manifest.path_of(model, self._environment)
        if not self._git("ls-tree", self._remote, "--", path):
            return None
        return self._git("cat-file", "blob", f"{self._remote}:{path}", strip=False)

    def _find(self, change: Change) -> str | None:
        """Return the newest commit with the trailers of `change`.

        Git narrows down by text, which a reason may hold as well; what counts are the trailers.
        """
        greps = [f"--grep={name}: {value}" for name, value in change.key]
        fields = ("%H", *(f"%(trailers:key={name},valueonly,unfold)" for name, _ in change.key))
        form = f"--format=tformat:{_BETWEEN.join(fields)}"
        narrowed = ("--all-match", "--fixed-strings", *greps)
        found = self._git("log", "-z", form, *narrowed, self._remote, strip=False)
        for told in found.split("\0")[:-1]:
            commit, *said = told.split(_BETWEEN)
            if all(v in s.splitlines() for (_, v), s in zip(change.key, said, strict=True)):
                return commit
        return None

    def _commit(self, change: Change, text: str, *, parent: str | None) -> str:
        """Write the commit object over `parent`'s tree, touching one path; no work tree needed."""
        blob = self._git("hash-object", "-w", "--stdin", stdin=text)
        path = yaml_manifest.path_of(change.model, self._environment)
        # An index of its own: what a killed process left locked would be in the way for ever.
        with tempfile.TemporaryDirectory(prefix="evermodel-index-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", *([parent] if parent else ["--empty"]), extra=index)
            entry = f"100644,{blob},{path}"
            self._git("update-index", "--add", "--cacheinfo", entry, extra=index)
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
                self._refusal = said
                return False
            raise
        return True

    def _git(
        self,
        *arguments: str,
        stdin: str | None = None,
        extra: dict[str, str] | None = None,
        strip: bool = True,
    ) -> str:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=self._clone,
            env={**_environment(), **self._login, **(extra or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with process:
            try:
                # As bytes: a text stream turns the line ends of a file from Windows into ours.
                told = process.communicate((stdin or "").encode(), timeout=TIMEOUT_SECONDS)
            except BaseException:
                _end(process)
                raise
        said, complaint = told[0].decode(), told[1].decode(errors="replace")
        if process.returncode != 0:
            words = " ".join((complaint or said).split())[-400:]
            if arguments[0] not in _OF_THE_REPOSITORY:  # it answered, so the clone is at fault
                shutil.rmtree(self._clone, ignore_errors=True)
            raise GitFailed(f"{arguments[0]}: {words or f'exit code {process.returncode}'}")
        return said.strip() if strip else said


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End git and the transports it started: a push that goes on alone may land much later."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """Return an environment in which no user's configuration, hook or prompt plays a part."""
    name, mail = AUTHOR
    return {
        **git_alone(os.environ),  # noqa: TID251  # handed to the child unread
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
        "GIT_DIR": ".",
        "LC_ALL": "C",
    }
