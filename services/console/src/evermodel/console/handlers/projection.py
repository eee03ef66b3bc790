"""Keeps the views up to date with every record of the lifecycle topics and dead letters.

Owns how much is kept. Must never fail on a record: what cannot be decoded is counted, and
shown as such.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace

from evermodel.common.events.catalogue import CATALOGUE, TRANSACTIONS_PARTIALS, Topic
from evermodel.common.events.codec import decode
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.deadletter import is_put_back
from evermodel.console.domain.facts import Fact, Lifecycle, TopicCount
from evermodel.console.handlers.translation import fact_of, serving_of
from evermodel.console.ports import Seen, Tables

LIFECYCLE: dict[str, Topic] = {
    topic.name: topic for topic in CATALOGUE if topic.plane == "lifecycle"
}
DEAD_LETTERS: dict[str, Topic] = {
    topic.name: topic for topic in CATALOGUE if topic.plane == "dead letter"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much is kept; the oldest go first."""

    events: int = 2000
    lifecycles: int = 200


class Projection:
    """See the module."""

    def __init__(self, tables: Tables, *, keep: Keep | None = None) -> None:
        self._tables = tables
        self._keep = keep or Keep()

    def on_record(self, record: Seen) -> None:
        """Take `record` into the views; one that was read before changes nothing."""
        place = f"{record.topic}/{record.partition}"
        if record.offset < self._tables.positions.get(place, 0):
            return
        self._tables.positions[place] = record.offset + 1
        if record.topic in LIFECYCLE:
            self._on_event(record)
        else:
            self._on_letter(record, place)

    def on_put_back(self, offsets: Mapping[str, int]) -> None:
        """Forget the dead letters below `offsets` (by ``topic/partition``): they went back."""
        for place, offset in offsets.items():
            if offset > self._tables.put_back.get(place, 0):
                self._tables.put_back[place] = offset
        for letter in list(self._tables.letters):
            place, _, offset_text = letter.rpartition("/")
            if int(offset_text) < self._tables.put_back.get(place, 0):
                del self._tables.letters[letter]

    def _on_letter(self, record: Seen, place: str) -> None:
        if record.offset >= self._tables.put_back.get(place, 0):
            self._tables.letters[f"{place}/{record.offset}"] = record.topic

    def _on_event(self, record: Seen) -> None:
        try:
            event: Event[Payload] = decode(
                LIFECYCLE[record.topic].payloads[0], value=record.value, headers=record.headers
            )
            fact = fact_of(event, topic=record.topic)
        except Poison:
            self._count(record.topic, undecodable=1)
            return
        self._count(record.topic, time=fact.time)
        if is_put_back(record.headers):
            return  # for one service: it stands where it was written first
        if record.topic != TRANSACTIONS_PARTIALS.name:
            self._on_fact(fact)
        if isinstance(event.payload, RolloutStep):
            self._tables.serving[fact.model] = serving_of(Event(event.payload, event.meta))

    def _on_fact(self, fact: Fact) -> None:
        self._tables.last[f"{fact.model}/{fact.topic}"] = fact  # a partition is read in its order
        self._tables.events[fact.id] = fact
        _forget_oldest(self._tables.events, most=self._keep.events)
        if fact.lifecycle_id is None:
            return
        known = self._tables.lifecycles.get(
            fact.lifecycle_id, Lifecycle(id=fact.lifecycle_id, model=fact.model)
        )
        self._tables.lifecycles[fact.lifecycle_id] = known.with_fact(fact)
        _forget_oldest_lifecycle(self._tables.lifecycles, most=self._keep.lifecycles)

    def _count(self, topic: str, *, undecodable: int = 0, time: str | None = None) -> None:
        known = self._tables.topics.get(topic, TopicCount(topic=topic))
        self._tables.topics[topic] = replace(
            known,
            records=known.records + 1,
            undecodable=known.undecodable + undecodable,
            last_time=max(filter(None, (known.last_time, time)), default=None),
        )


def _forget_oldest(events: MutableMapping[str, Fact], *, most: int) -> None:
    """Drop the oldest by event time; a tenth more, so that it is seldom done."""
    if len(events) > most:
        for fact in sorted(events.values(), key=lambda f: f.time)[: len(events) - most * 9 // 10]:
            del events[fact.id]


def _forget_oldest_lifecycle(lifecycles: MutableMapping[str, Lifecycle], *, most: int) -> None:
    if len(lifecycles) > most:
        oldest = min(lifecycles.values(), key=lambda lifecycle: lifecycle.ended)
        del lifecycles[oldest.id]
