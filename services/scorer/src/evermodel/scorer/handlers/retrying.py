"""When to try again what a rollout step names and could not be loaded.

Owns the pauses and what was said last. A bundle that is gone may be put back, and one with the
wrong digest be mended: nothing is given up for good while a step wants it. Must never load.

    tick 0   1     3           7              15       …       every minute
         ✗   ✗     ✗           ✗              ✗
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServedVersion
from evermodel.common.kernel.ids import ModelName
from evermodel.scorer.handlers.loading import Loading

Step = tuple[RolloutStep, EventMeta]

#: Ticks come about once a second. What is not the version's fault passes by itself, soon.
MOST_TICKS_AWAY = 5
#: What is may take a person; each try may fetch the bundle anew.
MOST_TICKS_FAILED = 60


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A step that is not served as it says. `due`: the tick of its next try.

    `states`: as last known of each version; `changes`: whether they are others than before.
    `said`: how many times that was so.
    """

    step: Step
    states: tuple[ServedVersion, ...]
    due: int
    tries: int
    changes: bool = False
    said: int = 0


class Retrying:
    """The steps to try again, one per model. Its caller sees to it that one thread is in here."""

    def __init__(self) -> None:
        self._now = 0
        self._waiting: dict[ModelName, Incomplete] = {}

    def tick(self) -> Incomplete | None:
        """Let a second pass; return the step that has been due for longest, if one is."""
        self._now += 1
        due = [one for one in self._waiting.values() if one.due <= self._now]
        return min(due, key=lambda one: one.due, default=None)

    def forget(self, model: ModelName) -> None:
        """Another step came, or nothing is missing."""
        self._waiting.pop(model, None)

    def note(self, step: Step, loading: Loading, *, before: Incomplete | None) -> Incomplete:
        """Return how `step` stands after a try; `before`: as it stood before that."""
        event, _ = step
        said, tries = (before.said, before.tries) if before else (0, 0)
        states = _known(before.states if before else (), loading.states)
        changes = before is not None and _answers(states) != _answers(before.states)
        most = MOST_TICKS_AWAY if _is_only_away(loading) else MOST_TICKS_FAILED
        due = self._now + min(2**tries, most)
        made = Incomplete(step, states, due, tries + 1, changes, said + changes)
        self.forget(event.model)
        if len(loading.ready) < len(event.in_play):
            self._waiting[event.model] = made
        return made


def _known(
    before: Iterable[ServedVersion], now: Iterable[ServedVersion]
) -> tuple[ServedVersion, ...]:
    """Return the last that is known of each version: one that is not here now is as it was."""
    last = {one.version: one for one in (*before, *now)}
    return tuple(last[version] for version in sorted(last))


def _answers(states: Iterable[ServedVersion]) -> set[tuple[int, str]]:
    """Reasons may be other words at each try: they make no other answer."""
    return {(one.version, one.state) for one in states}


def _is_only_away(loading: Loading) -> bool:
    return all(one.state == "ready" for one in loading.states)
