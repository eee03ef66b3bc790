"""The console's answers, as JSON-ready values.

Owns the form that ``/api`` shows: fields are added, never changed. Must never decide.
"""

from collections import Counter
from dataclasses import asdict

from evermodel.console.domain.facts import Fact, Lifecycle
from evermodel.console.handlers.projection import DEAD_LETTERS, LIFECYCLE
from evermodel.console.ports import Answer, Tables

#: Kinds of event whose last one explains what serves.
_WHY = ("drift.detected", "model.trained", "model.validated", "rollout.step", "serving.applied")


class Answers:
    """Reads the views (see ``ports.Answering``)."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def models(self) -> Answer:
        """Return what serves and why, model by model, and what lies in the dead letters."""
        names = sorted({fact.model for fact in self._tables.last.values()})
        return {
            "models": [self._model(name) for name in names],
            "dead_letters": self._dead_letters(),
        }

    def lifecycles(self, *, model: str | None = None, limit: int = 20) -> Answer:
        """Return the last lifecycles, newest first, each with its events in order."""
        found = [
            lifecycle
            for lifecycle in self._tables.lifecycles.values()
            if model in {None, lifecycle.model}
        ]
        found.sort(key=lambda lifecycle: lifecycle.ended, reverse=True)
        return {"lifecycles": [_lifecycle(lifecycle) for lifecycle in found[:limit]]}

    def events(
        self, *, model: str | None = None, topic: str | None = None, limit: int = 100
    ) -> Answer:
        """Return the last events, newest first."""
        found = [
            fact
            for fact in self._newest_first()
            if model in {None, fact.model} and topic in {None, fact.topic}
        ]
        return {"events": [asdict(fact) for fact in found[:limit]]}

    def topics(self) -> Answer:
        """Return what was read of each topic."""
        known = self._tables.topics
        return {"topics": [asdict(known[name]) for name in sorted(LIFECYCLE) if name in known]}

    def _model(self, name: str) -> Answer:
        """The last of each kind is the one written last: an order may speak of an earlier time."""
        serving = self._tables.serving.get(name)
        last = {topic: self._tables.last.get(f"{name}/{topic}") for topic in _WHY}
        return {
            "model": name,
            "serving": None if serving is None else asdict(serving),
            "last": {topic: _brief(fact) for topic, fact in last.items() if fact is not None},
        }

    def _dead_letters(self) -> dict[str, int]:
        """Return by topic how many letters wait to be put back."""
        waiting = Counter(self._tables.letters.values())
        return {name: waiting[name] for name in sorted(DEAD_LETTERS)}

    def _newest_first(self) -> list[Fact]:
        return sorted(self._tables.events.values(), key=lambda fact: fact.time, reverse=True)


def _lifecycle(lifecycle: Lifecycle) -> Answer:
    facts = lifecycle.in_order
    return {
        "lifecycle_id": lifecycle.id,
        "model": lifecycle.model,
        "started": facts[0].time,
        "ended": lifecycle.ended,
        "last": facts[-1].headline,
        "events": [asdict(fact) for fact in facts],
    }


def _brief(fact: Fact) -> Answer:
    return {"event_id": fact.id, "time": fact.time, "headline": fact.headline}
