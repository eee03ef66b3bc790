"""One method per event: translate, let the domain decide, bring it about, say it.

Git is asked in ``Held`` work, beside the loop; one model's events are worked off one at a time.
"""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from concurrent.futures import Executor, Future

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.errors import Permanent, Transient
from evermodel.common.kernel.ids import EventId, ModelName, lifecycle_of
from evermodel.common.messaging.api import NOTHING, Held, Reaction, Restored
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.deployer.domain.happenings import (
    Accepted,
    Context,
    Happening,
    Matured,
    Overtaken,
    Refused,
    ServingFailed,
    Step,
    WindowClosed,
)
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.domain.machine import advance
from evermodel.deployer.handlers import memory
from evermodel.deployer.handlers.delivery import Delivery, deliver
from evermodel.deployer.handlers.translation import (
    cohort_of,
    order_of,
    policy_of,
    release_of,
    window_of,
)
from evermodel.deployer.handlers.turn import Turn
from evermodel.deployer.ports import ConfigRepository, EngineRefused, RolloutEngine

#: Ticks come about once a second; a Git that is away is asked this many ticks apart.
TICKS_BETWEEN_TRIES = 10

#: Reactions kept so that an event which the loop hands over again gets the same answer.
REMEMBERED = 512


class RolloutHandlers:
    """The deployer's handlers and the states of its models."""

    def __init__(
        self,
        *,
        models: Mapping[str, ModelDescription],
        repository: ConfigRepository,
        engine: RolloutEngine,
        beside: Executor,
    ) -> None:
        """`beside` runs what is owed to Git between events, off the loop."""
        self._policies = {name: policy_of(model) for name, model in models.items()}
        self._repository, self._engine = repository, engine
        self._states: dict[str, Lifecycle] = {}
        self._answers: OrderedDict[EventId, Reaction] = OrderedDict()
        self._generation = 0
        self._beside, self._ticks = beside, 0
        self._errand: tuple[Lifecycle, Future[Delivery]] | None = None
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def on_model_validated(self, event: ModelValidated, meta: EventMeta, /) -> Reaction | Held:
        """Begin a rollout, or queue the version. Rejected ones concern nobody here."""
        if event.verdict == "rejected":
            return NOTHING
        lifecycle = meta.lifecycle_id or lifecycle_of(f"{event.model}/{meta.id}")
        return self._react(event.model, Accepted(release=release_of(event, lifecycle)), meta)

    def on_transactions_windowed(
        self, event: TransactionsWindowed, meta: EventMeta, /
    ) -> Reaction | Held:
        """Take a window's serving counters in and judge."""
        return self._react(event.model, WindowClosed(window=window_of(event)), meta)

    def on_outcomes_matured(self, event: OutcomesMatured, meta: EventMeta, /) -> Reaction | Held:
        """Take a cohort's labels in and judge."""
        return self._react(event.model, Matured(cohort=cohort_of(event)), meta)

    def on_serving_applied(self, event: ServingApplied, meta: EventMeta, /) -> Reaction | Held:
        """Take back a version that a scorer cannot serve."""
        failed = [served for served in event.versions if served.state == "failed"]
        if not failed:
            return NOTHING
        worst = max(failed, key=lambda served: served.version)
        reason = f"{worst.reason or 'no reason given'} (scorer {event.replica})"
        return self._react(event.model, ServingFailed(version=worst.version, reason=reason), meta)

    def on_lifecycle_command(self, event: LifecycleCommand, meta: EventMeta, /) -> Reaction | Held:
        """Obey a person, or say why not."""
        order = order_of(event)
        return NOTHING if order is None else self._react(event.model, order, meta)

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        """Take over the models of a partition. The same state comes once for each input topic."""
        for model, data in state.items():
            self._states[model] = memory.load(data)
            self._engine.apply(model, shares=self._states[model].in_play)
        return Restored()

    def on_revoked(self, partition: TopicPartition, /) -> None:
        """Forget what may be another replica's from now on; all partitions go at once."""
        self._generation += 1
        self._answers.clear()
        self._states.clear()

    def on_tick(self) -> Reaction:
        """Bring Git what it is owed, without waiting for the model's next event."""
        self._ticks += 1
        if self._errand is not None:
            before, future = self._errand
            if not future.done():
                return NOTHING
            self._errand = None
            return self._returned(before, future.result())
        owing = next((s for s in self._states.values() if s.owed), None)
        if owing is not None and self._ticks % TICKS_BETWEEN_TRIES == 0:
            self._errand = (owing, self._beside.submit(deliver, owing, self._repository))
        return NOTHING

    def _returned(self, before: Lifecycle, delivery: Delivery) -> Reaction:
        """Note what was written, unless an event came between: it will find it written."""
        model = ModelName(before.model)
        lock = self._locks[model]
        if not delivery.commits or not lock.acquire(blocking=False):
            return NOTHING
        try:
            if delivery.overtaken is not None or self._states.get(model) != before:
                return NOTHING
            self._states[model] = state = delivery.state
        finally:
            lock.release()
        turn = Turn(model, delivery.commits[-1][0].time)
        turn.commits = delivery.commits
        turn.tell_of_late_commits(state)
        identity = f"{model}/{delivery.commits[-1][1]}"
        return Reaction(
            events=turn.events(before.desired, identity=identity),
            state={model: memory.dump(state)},
        )

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        """Refuse: the deployer has no jobs."""
        raise TypeError(f"no job was started under {key!r}")

    def state_of(self, model: str) -> Lifecycle:
        """Return where `model` stands."""
        return self._states.get(model, Lifecycle(model=model))

    def _react(self, model: ModelName, happening: Happening, meta: EventMeta) -> Reaction | Held:
        if model not in self._policies:
            raise Permanent(f"no model description names {model!r}")
        lock = self._locks[model]
        if lock.acquire(blocking=False):
            try:
                if not self._needs_git(model, happening, meta):
                    return self._work(model, happening, meta)
            finally:
                lock.release()
        generation = self._generation
        return Held(lambda: self._locked_work(model, happening, meta, generation))

    def _locked_work(
        self, model: ModelName, happening: Happening, meta: EventMeta, generation: int
    ) -> Reaction:
        with self._locks[model]:
            self._still_ours(generation)
            return self._work(model, happening, meta)

    def _still_ours(self, generation: int) -> None:
        if generation != self._generation:
            # The partition went to another replica, which gets this event as well.
            raise Transient("the partition was taken away while this was worked on")

    def _needs_git(self, model: ModelName, happening: Happening, meta: EventMeta) -> bool:
        if meta.id in self._answers:
            return False
        before = self.state_of(model)
        after, steps = self._decide(before, happening, meta, may_shift=True)
        return bool(before.owed or after.owed or any(s.action == "advanced" for s in steps))

    def _decide(
        self, state: Lifecycle, happening: Happening, meta: EventMeta, *, may_shift: bool
    ) -> tuple[Lifecycle, tuple[Step, ...]]:
        context = Context(cause=meta.id, now=meta.time, may_shift=may_shift)
        try:
            return advance(state, happening, context=context, policy=self._policies[state.model])
        except Refused as error:
            raise Permanent(str(error)) from error

    def _work(self, model: ModelName, happening: Happening, meta: EventMeta) -> Reaction:
        if meta.id in self._answers:
            return self._answers[meta.id]
        turn, generation = Turn(model, meta.time), self._generation
        state = self._settle(self.state_of(model), turn, meta)
        turn.tell_of_late_commits(state)
        state = self._bring_about(state, happening, turn, meta)
        state = self._settle(state, turn, meta)
        self._still_ours(generation)
        return self._remember(state, turn, meta)

    def _bring_about(
        self, state: Lifecycle, happening: Happening, turn: Turn, meta: EventMeta
    ) -> Lifecycle:
        """Decide and let the engine shift; when it refuses, decide again knowing that."""
        after, steps = self._decide(state, happening, meta, may_shift=True)
        try:
            self._engine.apply(state.model, shares=after.in_play)
        except EngineRefused as error:
            after, steps = self._decide(state, happening, meta, may_shift=False)
            if error.desired is not None:
                after, more = self._decide(
                    after, Overtaken(desired=error.desired), meta, may_shift=False
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
            state, steps = self._decide(state, happening, meta, may_shift=True)
            self._engine.apply(state.model, shares=state.in_play)
            turn.steps += steps
        return state

    def _remember(self, state: Lifecycle, turn: Turn, meta: EventMeta) -> Reaction:
        model = state.model
        if state == self.state_of(model) and not turn.steps:
            return NOTHING
        started_from = self.state_of(model).desired if turn.commits else state.desired
        self._states[model] = state
        reaction = Reaction(events=turn.events(started_from), state={model: memory.dump(state)})
        self._answers[meta.id] = reaction
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return reaction
