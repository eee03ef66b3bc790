"""The config repository without git: the fake of fast tests.

Its commits have the ids that git would give them. Must never stand where something is served.
"""

import hashlib
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class MemoryRepository:
    """Files and a log of messages.

    `away`: it does not answer. `lossy`: it does what it is asked, and its answer is lost.
    """

    environment: str = "production"
    files: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, Change]] = field(default_factory=list)
    away: bool = False
    lossy: bool = False

    def desired(self, model: str, /) -> Desired | None:
        """Return what the files want (``ConfigRepository``)."""
        self._answer()
        text = self.files.get(yaml_manifest.path_of(model, self.environment))
        return None if text is None else yaml_manifest.read(text)

    def write(self, change: Change, /) -> Written | Superseded:
        """Make `change` the newest entry of the log (``ConfigRepository``)."""
        self._answer()
        answer = self._written(change)
        if self.lossy:
            raise RepositoryUnavailable("the answer was lost")
        return answer

    def _written(self, change: Change) -> Written | Superseded:
        for commit, made in self.log:
            if made.key == change.key:
                return Written(commit=commit)
        path = yaml_manifest.path_of(change.model, self.environment)
        text = self.files.get(path)
        desired = None if text is None else yaml_manifest.read(text)
        if desired is not None and change.yields_to(desired.version):
            return Superseded(desired=desired.version)
        if desired is not None and self.log and wants(desired, change):
            return Written(commit=self.log[-1][0])
        edited = yaml_manifest.first(change) if text is None else yaml_manifest.edit(text, change)
        self.files[path] = edited
        return Written(commit=self._commit(change, edited))

    @property
    def head(self) -> str | None:
        """The last commit."""
        return self.log[-1][0] if self.log else None

    def _commit(self, change: Change, text: str) -> str:
        who = f"{AUTHOR[0]} <{AUTHOR[1]}> {int(change.time.timestamp())} +0000"
        parent = f"parent {self.head}\n" if self.head else ""
        tree = _tree(self.files)
        body = f"tree {tree}\n{parent}author {who}\ncommitter {who}\n\n{change.message}"
        commit = _object("commit", body.encode())
        self.log.append((commit, change))
        return commit

    def _answer(self) -> None:
        if self.away:
            raise RepositoryUnavailable("the repository does not answer")


def _tree(files: dict[str, str]) -> str:
    """Return git's id of a tree with these files."""
    folders: dict[str, dict[str, str]] = {}
    entries = []
    for path, text in files.items():
        folder, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(folder, {})[rest] = text
        else:
            entries.append((path, "100644", _object("blob", text.encode())))
    for folder, inner in folders.items():
        # git sorts a folder as if its name ended in a slash.
        entries.append((f"{folder}/", "40000", _tree(inner)))
    lines = (
        f"{mode} {name.rstrip('/')}".encode() + b"\0" + bytes.fromhex(identity)
        for name, mode, identity in sorted(entries)
    )
    return _object("tree", b"".join(lines))


def _object(kind: str, data: bytes) -> str:
    header = f"{kind} {len(data)}".encode() + b"\0"
    return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()  # git's name for it
