"""What the registrar needs from the outside: a registry and an evaluation.

Owns the promises and their words. Must never keep them. Every method that reaches out may
raise ``Transient`` when the system behind it does not answer now.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from evermodel.common.events.payload import Name, Version
from evermodel.common.events.training import Artefact
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId, LifecycleId
from evermodel.common.models.description import ModelDescription
from evermodel.registrar.domain.evidence import Evaluation
from evermodel.registrar.domain.standing import Alias


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is to become a version."""

    trained_by: EventId
    lifecycle_id: LifecycleId | None
    run_id: str
    artefact: Artefact


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A version of the registry."""

    version: Version
    candidate: Candidate
    quarantined: str | None = None


class UnknownVersion(LookupError):
    """The registry has no such version."""


class ModelRegistry(Protocol):
    """Numbered versions of each model, with aliases. One writer only: the registrar."""

    def register(self, model: Name, *, candidate: Candidate) -> Registered:
        """Return the version made for ``candidate.trained_by``, making it when there is none.

        Numbers ascend from 1 without gaps. Called again, it makes nothing.
        """

    def aliased(self, model: Name, *, alias: Alias) -> Registered | None:
        """Return the version that `alias` names, None when it names none."""

    def set_alias(self, model: Name, *, alias: Alias, version: Version) -> None:
        """Let `alias` name `version` and nothing else.

        Raises:
            UnknownVersion: there is no such version.
        """

    def drop_alias(self, model: Name, *, alias: Alias, version: Version) -> None:
        """Let `alias` name nothing, if it names `version`."""

    def quarantine(self, model: Name, *, digests: Collection[str], reason: str) -> None:
        """Mark every version with one of these artefacts as taken back, and no other.

        `reason` is for those that were not marked before.
        """

    def is_quarantined(self, model: Name, *, digest: str) -> bool:
        """Return whether a version with this very artefact was taken back."""


class Judgements(Protocol):
    """The last judgement of each model, so that a redelivered event is not judged again.

    The last is enough: one model's events come in order, and an event comes again only when
    what it led to was not committed.
    """

    def find(self, model: Name, *, trained_by: EventId) -> ModelValidated | None:
        """Return the judgement of the candidate of event `trained_by`, if it was the last."""

    def keep(self, judgement: ModelValidated) -> None:
        """Keep `judgement` in place of the model's last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What an evaluation is about. `key` names its working folder: one per cause."""

    key: str
    model: ModelDescription
    candidate: Artefact
    champion: Artefact | None
    holdout_uri: str


class Evaluator(Protocol):
    """Scores a hold-out with the exported artefacts of candidate and champion."""

    def evaluate(self, case: Case) -> Evaluation:
        """Return the evidence. The same case gives the same evidence."""
