"""The picture built from every lifecycle event since the beginning. Rebuilt at each start.

Holds a bounded past: people look at what is recent, the topics keep the rest for ever. An
event seen twice (Faust delivers at least once) changes nothing.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence

from evermodel.common.events.catalogue import CATALOGUE, Topic
from evermodel.common.events.codec import decode, header
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.errors import Poison
from evermodel.console.handlers.summaries import summary_of
from evermodel.console.handlers.views import EventView, LifecycleView, ModelView, view_of

Headers = Sequence[tuple[str, bytes | None]]

#: Counters of single partitions are too many to tell anybody anything.
_UNTOLD = {"transactions.partials"}


def told_topics() -> Sequence[Topic]:
    """Return the topics that the console follows."""
    return [t for t in CATALOGUE if t.plane == "lifecycle" and t.name not in _UNTOLD]


class Projections:
    """Models, lifecycles and recent events."""

    def __init__(self, *, kept_events: int = 20_000, kept_lifecycles: int = 1_000) -> None:
        self.models: dict[str, ModelView] = {}
        self.lifecycles: OrderedDict[str, LifecycleView] = OrderedDict()
        self.events: OrderedDict[str, EventView] = OrderedDict()
        self.undecodable: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self._kept_events, self._kept_lifecycles = kept_events, kept_lifecycles

    def on_record(self, topic: Topic, value: bytes | None, headers: Headers) -> None:
        """Take one record of a lifecycle topic in; what cannot be decoded is counted."""
        try:
            payload = _payload_of(topic, headers)
            event = decode(payload, value=value, headers=headers)
        except Poison:
            self.undecodable[topic.name] += 1
            return
        if event.meta.id not in self.events:
            said = summary_of(event.payload)
            self._keep(view_of(event.payload, event.meta, topic=topic.name, summary=said))

    def on_dead_letter(self, service: str) -> None:
        """Count what a service gave up."""
        self.dead_letters[service] += 1

    def model(self, name: str) -> ModelView | None:
        """Return the view of model `name`, if it was ever heard of."""
        return self.models.get(name)

    def recent(
        self, *, limit: int, model: str | None = None, kind: str | None = None
    ) -> Sequence[EventView]:
        """Return the newest events first, at most `limit`."""
        found = [
            event
            for event in reversed(self.events.values())
            if model in {None, event.model} and kind in {None, event.type, event.topic}
        ]
        return found[:limit]

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return what was given up and what could not be read, by service and topic."""
        return {"dead_letters": dict(self.dead_letters), "undecodable": dict(self.undecodable)}

    def _keep(self, event: EventView) -> None:
        self.events[event.id] = event
        if len(self.events) > self._kept_events:
            self.events.popitem(last=False)
        self.models.setdefault(event.model, ModelView(event.model)).keep(event)
        if event.lifecycle_id is not None:
            self._keep_in_lifecycle(event, event.lifecycle_id)

    def _keep_in_lifecycle(self, event: EventView, lifecycle_id: str) -> None:
        life = self.lifecycles.get(lifecycle_id)
        if life is None:
            life = LifecycleView(lifecycle_id, event.model, event.time, event.time)
            self.lifecycles[lifecycle_id] = life
            if len(self.lifecycles) > self._kept_lifecycles:
                self.lifecycles.popitem(last=False)
        life.started, life.last = min(life.started, event.time), max(life.last, event.time)
        # Topics are read side by side: order within a lifecycle is by event time.
        life.events.append(event)
        life.events.sort(key=lambda e: e.time)


def _payload_of(topic: Topic, headers: Headers) -> type[Payload]:
    said = header(headers, "ce_type")
    for payload in topic.payloads:
        if said == payload.TYPE:
            return payload
    raise Poison(f"{said!r} is not of {topic.name}")
