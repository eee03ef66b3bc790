"""An event as the console keeps it: who said what when, in a sentence and in full.

Owns the form. Must never decide anything: the console only shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One lifecycle event. Times are RFC 3339 in UTC, so they sort as text."""

    id: str
    type: str
    topic: str
    model: str
    time: str
    lifecycle_id: str | None
    causation_id: str | None
    headline: str
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A version in play and its share of the traffic."""

    version: int
    role: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What serves one model, and why, as the last rollout step said."""

    model: str
    since: str
    action: str
    reason: str
    version: int
    stable_version: int
    desired_version: int
    commit: str | None
    step: int
    in_play: tuple[Share, ...]
    quarantined: tuple[str, ...]
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """One turn of the loop: its events by id, in no particular order."""

    id: str
    model: str
    facts: tuple[Fact, ...] = ()

    @property
    def ended(self) -> str:
        """Event time of its last event so far."""
        return max(fact.time for fact in self.facts)

    @property
    def in_order(self) -> tuple[Fact, ...]:
        """Its events by time; those of one instant in the order of the loop."""
        return tuple(sorted(self.facts, key=lambda fact: (fact.time, _rank(fact.topic))))

    def with_fact(self, fact: Fact) -> "Lifecycle":
        """Return this with `fact`; one that is known already changes nothing."""
        if any(known.id == fact.id for known in self.facts):
            return self
        return Lifecycle(id=self.id, model=self.model, facts=(*self.facts, fact))


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCount:
    """What was read of one topic."""

    topic: str
    records: int = 0
    undecodable: int = 0
    last_time: str | None = None


_LOOP_ORDER = (
    "transactions.windowed",
    "outcomes.matured",
    "drift.detected",
    "lifecycle.commands",
    "model.trained",
    "model.validated",
    "rollout.step",
    "serving.applied",
)


def _rank(topic: str) -> int:
    return _LOOP_ORDER.index(topic) if topic in _LOOP_ORDER else len(_LOOP_ORDER)
