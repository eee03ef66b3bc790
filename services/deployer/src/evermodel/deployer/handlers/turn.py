"""What one event, or one errand to Git, led to, until it can be said."""

from datetime import datetime

from evermodel.common.kernel.ids import EventId, LifecycleId, ModelName
from evermodel.common.messaging.api import Emit
from evermodel.deployer.domain import statements
from evermodel.deployer.domain.changes import Change
from evermodel.deployer.domain.happenings import Step
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.handlers.translation import step_event


class Turn:
    """What one event led to, until it can be said."""

    def __init__(self, model: ModelName, time: datetime) -> None:
        self._model, self._time = model, time
        self.steps: tuple[Step, ...] = ()
        self.commits: tuple[tuple[Change, str], ...] = ()
        #: Whether Git is owed something that it was not asked to take.
        self.is_git_untold = False

    def tell_of_late_commits(self, state: Lifecycle) -> None:
        """Add a step for each change that an earlier event owed and Git took only now."""
        champion = state.champion
        if champion is None:
            return
        for change, _ in self.commits:
            reason = f"Git has taken what it was owed: {change.subject}"
            replaces = champion if change.rollback_of is None else change.replaces
            if replaces == change.to:
                replaces = None
            step = statements.say(state, "resumed", change.to, reason=reason, replaces=replaces)
            self.steps += (step,)

    def events(self, desired: int | None, *, identity: str | None = None) -> tuple[Emit, ...]:
        """Return the steps as events, each with the commit that belongs to it.

        `desired`: what Git said before. `identity`: a natural key, when no event is handled; then
        each follows from the event that owed Git its commit.
        """
        left: list[tuple[Change, str]] = list(self.commits)
        said: list[Emit] = []
        for step in self.steps:
            commit = cause = None
            if (left and left[0][0].about == step.release.version) or _late(step, left):
                change, commit = left.pop(0)
                desired = change.to.version
                cause = None if identity is None else EventId(change.cause)
            event = step_event(self._model, step, commit=commit, desired=desired)
            lifecycle = LifecycleId(step.release.lifecycle_id)
            key = None if identity is None else f"{identity}/{len(said)}"
            said.append(
                Emit(event, self._time, identity=key, lifecycle_id=lifecycle, caused_by=cause)
            )
        return tuple(said)


def _late(step: Step, left: list[tuple[Change, str]]) -> bool:
    return bool(left) and step.action == "resumed" and left[0][0].to == step.release
