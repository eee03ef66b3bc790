"""The config repository without git: the fake of the twin and of fast tests."""

import hashlib
from dataclasses import dataclass, field

from evermodel.deployer.adapters import yaml_manifest
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
    """Files and a log of messages. `away`: it does not answer."""

    environment: str = "production"
    files: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, Change]] = field(default_factory=list)
    away: bool = False

    def desired(self, model: str, /) -> Desired | None:
        self._answer()
        text = self.files.get(yaml_manifest.path_of(model, self.environment))
        return None if text is None else yaml_manifest.read(text)

    def write(self, change: Change, /) -> Written | Superseded:
        self._answer()
        for commit, made in self.log:
            if made.cause == change.cause and made.to.model_uri == change.to.model_uri:
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
        parent = self.head or ""
        commit = hashlib.sha1(  # the form of a commit id, not a defence
            f"{parent}\n{change.time.isoformat()}\n{change.message}\n{text}".encode(),
            usedforsecurity=False,
        ).hexdigest()
        self.log.append((commit, change))
        return commit

    def _answer(self) -> None:
        if self.away:
            raise RepositoryUnavailable("the repository does not answer")
