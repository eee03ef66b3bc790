"""The twin's registry: one JSON file per model, the same promises as MLflow's.

Deterministic: nothing in the file depends on the clock or the machine.
"""

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from evermodel.common.events.payload import Name, Version
from evermodel.registrar.domain.standing import Alias
from evermodel.registrar.ports import Candidate, Registered, UnknownVersion

_VERSIONS: TypeAdapter[tuple[Registered, ...]] = TypeAdapter(tuple[Registered, ...])
_ALIASES: TypeAdapter[dict[Alias, Version]] = TypeAdapter(dict[Alias, Version])


class DirectoryRegistry:
    """Versions and aliases under a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def register(self, model: Name, *, candidate: Candidate) -> Registered:
        """Return the version of ``candidate.trained_by``, appended when there is none."""
        versions = self._versions(model)
        for known in versions:
            if known.candidate.trained_by == candidate.trained_by:
                return known
        made = Registered(version=len(versions) + 1, candidate=candidate)
        self._write(model, versions=(*versions, made), aliases=self._aliases(model))
        return made

    def aliased(self, model: Name, *, alias: Alias) -> Registered | None:
        """Return the version that `alias` names."""
        version = self._aliases(model).get(alias)
        return None if version is None else self._version(model, version)

    def set_alias(self, model: Name, *, alias: Alias, version: Version) -> None:
        """Let `alias` name `version`."""
        self._version(model, version)
        aliases = {**self._aliases(model), alias: version}
        self._write(model, versions=self._versions(model), aliases=aliases)

    def drop_alias(self, model: Name, *, alias: Alias, version: Version) -> None:
        """Let `alias` name nothing, if it names `version`."""
        aliases = self._aliases(model)
        if aliases.get(alias) == version:
            del aliases[alias]
            self._write(model, versions=self._versions(model), aliases=aliases)

    def quarantine(self, model: Name, *, digests: Collection[str], reason: str) -> None:
        """Mark the versions of these artefacts, and no other."""
        before = self._versions(model)
        after = tuple(
            replace(v, quarantined=v.quarantined or reason or "taken back")
            if v.candidate.artefact.digest in digests
            else replace(v, quarantined=None)
            for v in before
        )
        if after != before:
            self._write(model, versions=after, aliases=self._aliases(model))

    def is_quarantined(self, model: Name, *, digest: str) -> bool:
        """Return whether a version with this digest was taken back."""
        return any(
            v.quarantined is not None and v.candidate.artefact.digest == digest
            for v in self._versions(model)
        )

    def _version(self, model: Name, version: Version) -> Registered:
        for known in self._versions(model):
            if known.version == version:
                return known
        raise UnknownVersion(f"{model} has no version {version}")

    def _versions(self, model: Name) -> tuple[Registered, ...]:
        return _VERSIONS.validate_python(self._read(model).get("versions", []))

    def _aliases(self, model: Name) -> dict[Alias, Version]:
        return _ALIASES.validate_python(self._read(model).get("aliases", {}))

    def _read(self, model: Name) -> dict[str, object]:
        path = self._path(model)
        if not path.exists():
            return {}
        found: dict[str, object] = json.loads(path.read_bytes())
        return found

    def _write(
        self, model: Name, *, versions: tuple[Registered, ...], aliases: dict[Alias, Version]
    ) -> None:
        """Replace the file whole: a reader sees the old or the new one."""
        path = self._path(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"versions": _VERSIONS.dump_python(versions, mode="json"), "aliases": aliases}
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        fresh.replace(path)

    def _path(self, model: Name) -> Path:
        return self._root / f"{model}.json"
