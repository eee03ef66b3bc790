"""What the console keeps its views in, what it is told, and what it answers.

Faust's tables keep the views, and so does a dict. Everything is keyed by what it is about and
set whole, so that reading a topic again changes nothing.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evermodel.console.domain.facts import Fact, Lifecycle, Serving, TopicCount

#: JSON-ready.
Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A record as it was read."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Answering(Protocol):
    """What an endpoint asks."""

    def models(self) -> Answer:
        """Return what serves and why, model by model."""

    def lifecycles(self, *, model: str | None = None, limit: int = 20) -> Answer:
        """Return the last `limit` lifecycles, newest first."""

    def events(
        self, *, model: str | None = None, topic: str | None = None, limit: int = 100
    ) -> Answer:
        """Return the last `limit` events, newest first."""

    def topics(self) -> Answer:
        """Return what was read of each topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The views: what serves by model, lifecycles by id, events by id, counts by topic.

    `last` is the event of a kind that was written last, by ``model/topic``; it stays when `events`
    has let go of it, for it may speak of an early time.
    `positions` are next offsets by ``topic/partition``: a record read twice counts once.
    `letters` are the topics of dead letters by ``topic/partition/offset``, without those below
    `put_back`, the offsets by ``topic/partition`` up to which a redrive has put them back.
    """

    serving: MutableMapping[str, Serving] = field(default_factory=dict)
    lifecycles: MutableMapping[str, Lifecycle] = field(default_factory=dict)
    events: MutableMapping[str, Fact] = field(default_factory=dict)
    last: MutableMapping[str, Fact] = field(default_factory=dict)
    topics: MutableMapping[str, TopicCount] = field(default_factory=dict)
    positions: MutableMapping[str, int] = field(default_factory=dict)
    letters: MutableMapping[str, str] = field(default_factory=dict)
    put_back: MutableMapping[str, int] = field(default_factory=dict)
