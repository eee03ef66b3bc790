"""The registry of MLflow: one registered model per model name, numbered versions, aliases.

Owns the names of the tags. Must never touch runs: those are the trainer's. MLflow numbers by
"highest + 1" without a lock, so this must be the only writer; and a version is looked up by
the event that led to it before it is made.
"""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from evermodel.common.events.payload import Name, Version
from evermodel.common.events.training import Artefact
from evermodel.common.kernel.errors import Permanent
from evermodel.common.kernel.ids import EventId, LifecycleId, ReferenceId, plain
from evermodel.common.kernel.redaction import first_words
from evermodel.registrar.domain.standing import Alias
from evermodel.registrar.ports import Candidate, Registered, UnknownVersion
from evermodel.tracking.client import Absent, answering, connect

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

TRAINED_BY = "evermodel.trained_by"
LIFECYCLE = "evermodel.lifecycle_id"
URI = "evermodel.uri"
DIGEST = "evermodel.digest"
THRESHOLD = "evermodel.threshold"
REFERENCE = "evermodel.reference_id"
QUARANTINED = "evermodel.quarantined"

#: The longest tag value that every MLflow store takes.
_LONGEST_TAG = 5000


class MlflowRegistry:
    """See the module."""

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri

    @cached_property
    def _client(self) -> "MlflowClient":
        return connect(self._tracking_uri)

    def register(self, model: Name, *, candidate: Candidate) -> Registered:
        """Return the version tagged with ``candidate.trained_by``, made when there is none."""
        known = self._tagged(model, TRAINED_BY, plain(candidate.trained_by))
        if known:
            return _registered(known[0])
        self._ensure(model)
        with answering():
            made = self._client.create_model_version(
                name=model,
                source=candidate.artefact.uri,
                run_id=candidate.run_id,
                tags=_tags(candidate),
                description=f"Trained by event {candidate.trained_by}",
            )
        return _registered(made)

    def aliased(self, model: Name, *, alias: Alias) -> Registered | None:
        """Return the version that `alias` names."""
        found = self._aliased(model, alias)
        return None if found is None else _registered(found)

    def set_alias(self, model: Name, *, alias: Alias, version: Version) -> None:
        """Let `alias` name `version`."""
        self._require(model, version)
        with answering():
            self._client.set_registered_model_alias(model, alias, str(version))

    def drop_alias(self, model: Name, *, alias: Alias, version: Version) -> None:
        """Let `alias` name nothing, if it names `version`."""
        found = self._aliased(model, alias)
        if found is not None and int(found.version) == version:
            with answering():
                self._client.delete_registered_model_alias(model, alias)

    def quarantine(self, model: Name, *, digests: Collection[str], reason: str) -> None:
        """Tag the versions of these artefacts with why they were taken back, and no other."""
        text = reason[:_LONGEST_TAG] or "taken back"
        for found in self._search(f"name = '{model}'"):
            wanted, marked = found.tags.get(DIGEST) in digests, QUARANTINED in found.tags
            with answering():
                if wanted and not marked:
                    self._client.set_model_version_tag(model, found.version, QUARANTINED, text)
                elif marked and not wanted:
                    self._client.delete_model_version_tag(model, found.version, QUARANTINED)

    def is_quarantined(self, model: Name, *, digest: str) -> bool:
        """Return whether a version with this digest carries the tag."""
        return any(QUARANTINED in v.tags for v in self._tagged(model, DIGEST, digest))

    def _ensure(self, model: Name) -> None:
        """Make the registered model; we are its only writer, so looking first is enough."""
        try:
            with answering():
                self._client.get_registered_model(model)
        except Absent:
            with answering():
                self._client.create_registered_model(model)

    def _tagged(self, model: Name, tag: str, value: str) -> "Sequence[ModelVersion]":
        return self._search(f"name = '{model}' and tag.`{tag}` = '{value}'")

    def _search(self, condition: str) -> "Sequence[ModelVersion]":
        """Return every version that meets `condition`, page by page."""
        found: list[ModelVersion] = []
        token = None
        while True:
            with answering():
                page = self._client.search_model_versions(condition, page_token=token)
            found.extend(page)
            token = page.token
            if not token:
                return found

    def _aliased(self, model: Name, alias: Alias) -> "ModelVersion | None":
        """Return the version, None when the model or its alias is not there.

        MLflow answers an unknown alias with INVALID_PARAMETER_VALUE, as it would a bad name;
        the model's own list of aliases is unambiguous.
        """
        try:
            with answering():
                aliases = self._client.get_registered_model(model).aliases
                version = aliases.get(alias)
                return None if version is None else self._client.get_model_version(model, version)
        except Absent:
            return None

    def _require(self, model: Name, version: Version) -> None:
        try:
            with answering():
                self._client.get_model_version(model, str(version))
        except Absent as error:
            raise UnknownVersion(f"{model} has no version {version}") from error


def _tags(candidate: Candidate) -> dict[str, str]:
    artefact = candidate.artefact
    return {
        TRAINED_BY: plain(candidate.trained_by),
        URI: artefact.uri,
        DIGEST: artefact.digest,
        THRESHOLD: repr(artefact.threshold),
        REFERENCE: artefact.reference_id,
        **({LIFECYCLE: candidate.lifecycle_id} if candidate.lifecycle_id else {}),
    }


def _registered(found: "ModelVersion") -> Registered:
    """Return the version as its tags tell it.

    Raises:
        Permanent: they are not as they were written: somebody else's hand was in the registry.
    """
    try:
        return _told(found)
    except (KeyError, ValueError) as error:
        raise Permanent(
            f"MLflow's tags of {found.name} v{found.version} are not as the registrar wrote them: "
            f"{first_words(error)}"
        ) from error


def _told(found: "ModelVersion") -> Registered:
    tags = found.tags
    lifecycle = tags.get(LIFECYCLE)
    candidate = Candidate(
        trained_by=EventId(tags[TRAINED_BY]),
        lifecycle_id=None if lifecycle is None else LifecycleId(lifecycle),
        run_id=found.run_id or "",
        artefact=Artefact(
            uri=tags[URI],
            digest=tags[DIGEST],
            threshold=float(tags[THRESHOLD]),
            reference_id=ReferenceId(tags[REFERENCE]),
        ),
    )
    return Registered(
        version=int(found.version), candidate=candidate, quarantined=tags.get(QUARANTINED)
    )
