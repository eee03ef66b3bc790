"""What a run left behind, as anyone could read it from outside: topics, run store, registry, Git,
lake.

Owns the form, so that a run in the twin's folders and one over Kafka, MLflow and Git are held to
the same laws (``invariants``). Must never hold what only a service's memory knows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.playback.journal import Journal

P = TypeVar("P", bound=Payload)


class Row(NamedTuple):
    """A transaction in the lake; `decided_by` None: no version served yet."""

    id: str
    time: datetime
    decided_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the trainer's state topic says became of an alarm."""

    answer: Literal["training", "waiting", "declined"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished run of the run store. `cause`: the alarm or order that led to it."""

    model: str
    run_id: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of the registry. `trained_by`: the id of its model.trained event."""

    model: str
    number: int
    trained_by: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit of the machine's. `to`: the version it makes Git want. `cause`: as it says."""

    model: str
    id: str
    kind: Literal["promotion", "rollback"]
    to: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All of it, after everything has gone quiet.

    `published`: by model the transactions that were given in, id to event time. `answers`: by
    the alarm's id. `champions`: by model what the registry calls champion. `desired`: by model
    what the file in Git wants. `owed`: by model how many changes Git has not taken, as the
    deployer says. `partials`: ids of the partials, which are in no journal; None: not known.
    """

    journal: Journal
    published: Mapping[str, Mapping[str, datetime]]
    stored: Mapping[str, Sequence[Row]]
    dead_letters: Sequence[str] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    runs: Sequence[Run] = ()
    versions: Sequence[Version] = ()
    champions: Mapping[str, int | None] = field(default_factory=dict)
    commits: Sequence[Commit] = ()
    desired: Mapping[str, int | None] = field(default_factory=dict)
    owed: Mapping[str, int] = field(default_factory=dict)
    partials: Sequence[str] | None = None

    @property
    def models(self) -> Sequence[str]:
        """Every model that anything was said of."""
        return sorted({*self.published, *(e.payload.model for e in self.journal.events)})

    def events(self, kind: type[P], *, model: str | None = None) -> Iterator[Event[P]]:
        """Yield the journal's events of one type, in order."""
        for event in self.journal.events:
            if isinstance(event.payload, kind) and model in {None, event.payload.model}:
                yield Event(event.payload, event.meta)
