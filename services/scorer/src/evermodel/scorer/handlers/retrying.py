"""When to try again what a rollout step names and could not be loaded, or is not asked any more.

Owns the pauses and what was said last. A bundle that is gone may be put back, and one with the
wrong digest be mended: nothing is given up for good while a step wants it. Must never load.

    tick 0   1     3           7              15       …       every minute
         ✗   ✗     ✗           ✗              ✗
"""

from collections.abc import Iterable, Sequence
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


#: Ten minutes in which all of a step served, and the pauses begin anew.
FORGIVEN_AFTER_TICKS = 600


@dataclass(frozen=True, slots=True)
class Standing:
    """How a step is served. `is_whole`: as it says; `due`: else the tick of its next try.

    `states`: as last known of each version; `said`: how many times they were others than before.
    `tries`: they are forgotten at `due` when it is whole.
    """

    step: Step
    states: tuple[ServedVersion, ...]
    is_whole: bool
    due: int
    tries: int
    said: int


class Retrying:
    """How the last step of each model stands. Its caller sees to it that one thread is in here."""

    def __init__(self) -> None:
        self._now = 0
        self._standing: dict[ModelName, Standing] = {}
        self._unsaid: set[ModelName] = set()

    @property
    def steps(self) -> Sequence[Step]:
        """The steps that are served, be it in part."""
        return [one.step for one in self._standing.values()]

    def tick(self) -> Step | None:
        """Let a second pass; return the step that has been due for longest, if one is."""
        self._now += 1
        waiting = [one for one in self._standing.values() if not one.is_whole]
        due = [one for one in waiting if one.due <= self._now]
        return min(due, key=lambda one: one.due).step if due else None

    def forget(self, model: ModelName) -> None:
        """Another step came."""
        self._standing.pop(model, None)
        self._unsaid.discard(model)

    def unsaid(self) -> Sequence[Standing]:
        """Return what stands otherwise than was said, once: as it stands now."""
        unsaid, self._unsaid = sorted(self._unsaid), set()
        return [self._standing[model] for model in unsaid]

    def note(self, step: Step, loading: Loading) -> None:
        """Note how `step` stands after a try, or after a version of it was given up."""
        event, _ = step
        before = self._standing.get(event.model)
        said, tries = (before.said if before else 0), self._tries(before)
        states = _known(before.states if before else (), loading.states)
        changes = before is not None and _answers(states) != _answers(before.states)
        is_whole = len(loading.ready) == len(event.in_play)
        most = MOST_TICKS_AWAY if _is_only_away(loading) else MOST_TICKS_FAILED
        pause = FORGIVEN_AFTER_TICKS if is_whole else min(2**tries, most)
        if changes:
            self._unsaid.add(event.model)
        self._standing[event.model] = Standing(
            *(step, states, is_whole, self._now + pause),
            tries=tries if is_whole else tries + 1,
            said=said + changes,
        )

    def _tries(self, before: Standing | None) -> int:
        """One that does harm each time it is loaded again may not do so each second."""
        if before is None or (before.is_whole and before.due <= self._now):
            return 0
        return before.tries


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
