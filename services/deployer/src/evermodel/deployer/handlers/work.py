"""One event's work: what Git is owed, the decision, the shift of traffic, and Git again.

    takes a version back    decision ─▶ traffic                 Git is owed the change
    asks Git                owed ─▶ decision ─▶ traffic ─▶ owed
    anything else           decision ─▶ traffic                 nothing is owed

Owns the order of effects of one event. Must never keep a state: see ``rollout``. Must never ask
Git before a version is taken back: it may hang.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.errors import Permanent
from evermodel.common.kernel.ids import ModelName
from evermodel.common.kernel.stream_time import in_stream
from evermodel.common.models.description import ModelDescription
from evermodel.deployer.domain.happenings import (
    Context,
    Happening,
    Ordered,
    Overtaken,
    Refused,
    Step,
)
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.domain.machine import advance
from evermodel.deployer.handlers.delivery import deliver
from evermodel.deployer.handlers.translation import policy_of
from evermodel.deployer.handlers.turn import Turn
from evermodel.deployer.ports import ConfigRepository, EngineRefused, RolloutEngine

_LOG = logging.getLogger(__name__)

#: Actions that give a challenger weight, which the engine holds against Git first.
_RISES = {"advanced", "promoted"}

#: Actions that take a version back, which wait for nobody.
_FALLS = {"aborted", "rolled_back"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from a happening as far as the deployer itself knows: Git was not asked."""

    before: Lifecycle
    after: Lifecycle
    steps: tuple[Step, ...]

    @property
    def takes_back(self) -> bool:
        """Whether it takes weight from a version that is bad, and gives none to a challenger."""
        return any(step.action in _FALLS for step in self.steps)

    @property
    def asks_git(self) -> bool:
        """Whether it cannot be carried out before Git has answered, which may be slow."""
        if self.takes_back:
            return False
        rises = any(step.action in _RISES for step in self.steps)
        return bool(self.before.owed or self.after.owed or rises)


class Work:
    """Carries happenings out, over a repository and an engine."""

    def __init__(
        self,
        *,
        models: Mapping[str, ModelDescription],
        repository: ConfigRepository,
        engine: RolloutEngine,
    ) -> None:
        self._policies = {name: policy_of(model) for name, model in models.items()}
        self._repository, self._engine = repository, engine

    def knows(self, model: str) -> bool:
        """Return whether a description names `model`."""
        return model in self._policies

    def take_over(self, state: Lifecycle) -> None:
        """Let the engine take over what `state` says is the case."""
        self._engine.take_over(state.model, shares=state.in_play)

    def decide(self, state: Lifecycle, happening: Happening, meta: EventMeta) -> Decision:
        """Return what `happening` leads to in `state`. Nothing is brought about yet.

        Raises:
            Permanent: it never can.
        """
        after, steps = self._decide(state, happening, meta)
        return Decision(before=state, after=after, steps=steps)

    def at_once(
        self, decision: Decision, happening: Happening, meta: EventMeta
    ) -> tuple[Lifecycle, Turn]:
        """Bring about a `decision` that does not ask Git; what it owes Git stays owed."""
        state = decision.after
        self._engine.apply(state.model, shares=state.in_play)
        turn = Turn(ModelName(state.model), self._time(decision.before, happening, meta))
        turn.steps, turn.is_git_untold = decision.steps, bool(state.owed)
        return state, turn

    def carry_out(
        self, state: Lifecycle, happening: Happening, meta: EventMeta
    ) -> tuple[Lifecycle, Turn]:
        """Return the state after `happening`, and what is to be said of it.

        Decided before Git is asked to take what it is owed, for that may not be needed.
        """
        decision = self.decide(state, happening, meta)
        if not decision.asks_git:
            return self.at_once(decision, happening, meta)
        turn = Turn(ModelName(state.model), self._time(state, happening, meta))
        state = self._settle(state, turn, meta)
        turn.tell_of_late_commits(state)
        state = self._bring_about(state, happening, turn, meta)
        return self._settle(state, turn, meta), turn

    def _time(self, state: Lifecycle, happening: Happening, meta: EventMeta) -> datetime:
        """Return the time of what will be said: that of the cause, unless a person made it up."""
        if not isinstance(happening, Ordered):
            return meta.time
        window = self._policies[state.model].window
        return in_stream(meta.time, told=state.windows_until, window=window)

    def _decide(
        self, state: Lifecycle, happening: Happening, meta: EventMeta, *, hindrance: str = ""
    ) -> tuple[Lifecycle, tuple[Step, ...]]:
        context = Context(cause=meta.id, now=meta.time, hindrance=hindrance)
        try:
            return advance(state, happening, context=context, policy=self._policies[state.model])
        except Refused as error:
            raise Permanent(str(error)) from error

    def _bring_about(
        self, state: Lifecycle, happening: Happening, turn: Turn, meta: EventMeta
    ) -> Lifecycle:
        """Decide and let the engine shift; when it refuses, decide again knowing that."""
        after, steps = self._decide(state, happening, meta)
        try:
            self._engine.apply(state.model, shares=after.in_play)
        except EngineRefused as error:
            _LOG.error("%s gets no more weight: %s", state.model, error)
            why = error.hindrance
            after, steps = self._decide(state, happening, meta, hindrance=why)
            if error.desired is not None:
                after, more = self._decide(
                    after, Overtaken(desired=error.desired), meta, hindrance=why
                )
                steps += more
            self._engine.apply(state.model, shares=after.in_play)
        turn.steps += steps
        return after

    def _settle(self, state: Lifecycle, turn: Turn, meta: EventMeta) -> Lifecycle:
        if not state.owed:
            return state
        delivery = deliver(state, self._repository)
        turn.commits += delivery.commits
        state = delivery.state
        if delivery.overtaken is not None:
            happening = Overtaken(desired=delivery.overtaken)
            state, steps = self._decide(state, happening, meta)
            self._engine.apply(state.model, shares=state.in_play)
            turn.steps += steps
        return state
