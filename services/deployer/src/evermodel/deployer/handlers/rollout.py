"""One method per event: translate, let the domain decide, bring it about, say it.

Git is asked in ``Held`` work, beside the loop; one model's events are worked off one at a time.
What came of it is taken in on the loop's thread, as everything is that changes a state, so that
states are published in the order in which they came about. A version is taken back before all of
that: at once, even while such work waits for Git. The work then finds its model changed, and is
decided anew; Git gets what it is owed by a job:

    bad ─▶ rollout.step: aborted ─commit─▶ job: write to Git ─▶ rollout.step: resumed, commit 4f1c…
                                                └─ no answer ─▶ tried again between events
"""

import logging
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from concurrent.futures import Executor
from datetime import datetime
from functools import partial

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Foreign, Permanent, Transient
from evermodel.common.kernel.ids import EventId, ModelName, lifecycle_of
from evermodel.common.kernel.stream_time import refuse_astray
from evermodel.common.messaging.api import NOTHING, Held, Job, Reaction, Rest, Restored
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.common.observability.metrics import Metrics
from evermodel.deployer.domain.happenings import (
    Accepted,
    Happening,
    Matured,
    ServingFailed,
    WindowClosed,
)
from evermodel.deployer.domain.lifecycle import Lifecycle
from evermodel.deployer.handlers import memory
from evermodel.deployer.handlers.delivery import Delivery, deliver
from evermodel.deployer.handlers.errands import Errands
from evermodel.deployer.handlers.readings import Readings
from evermodel.deployer.handlers.translation import cohort_of, order_of, release_of, window_of
from evermodel.deployer.handlers.turn import Turn
from evermodel.deployer.handlers.work import Work
from evermodel.deployer.ports import ConfigRepository, RolloutEngine

_LOG = logging.getLogger(__name__)

#: What was said of so many events is kept: one that comes twice is answered alike, and nothing is
#: done or kept for it, for the state may have gone on since.
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
        metrics: Metrics,
        wall: Clock | None = None,
    ) -> None:
        """`beside` runs what is owed to Git between events, off the loop.

        `wall`: what the dates of windows and labels are held against, if anything.
        """
        self._models, self._wall = models, wall
        self._repository = repository
        self._work = Work(models=models, repository=repository, engine=engine)
        self._readings = Readings(metrics)
        self._errands = Errands(repository, beside=beside, readings=self._readings)
        self._states: dict[str, Lifecycle] = {}
        self._answers: OrderedDict[EventId, Reaction] = OrderedDict()
        self._generation = 0
        #: Models whose work is under way and not taken in yet; set once Git is asked no more.
        self._asking: dict[str, threading.Event] = {}
        #: Events that wait for such work, by model: a backlog of windows starves no order.
        self._waiting: defaultdict[str, deque[EventId]] = defaultdict(deque)
        #: One thread asks for a model: the one from before a restart may still be waiting for Git.
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
        self._refuse_astray(event.model, event.window.end)
        until = self.state_of(event.model).windows_until
        if until is not None and event.window.end < until:
            ended = event.window.end
            told = "%s: a window up to %s comes after one up to %s: nothing is judged by it"
            _LOG.warning(told, event.model, ended, until)
        return self._react(event.model, WindowClosed(window=window_of(event)), meta)

    def on_outcomes_matured(self, event: OutcomesMatured, meta: EventMeta, /) -> Reaction | Held:
        """Take a cohort's labels in and judge."""
        self._refuse_astray(event.model, event.known_until)
        return self._react(event.model, Matured(cohort=cohort_of(event)), meta)

    def on_serving_applied(self, event: ServingApplied, meta: EventMeta, /) -> Reaction | Held:
        """Take back a version that a scorer cannot serve, if it is on trial.

        A champion of a rollout that is over stays: which other one to trust is for people to
        say, who read of it here, in ``evermodel status`` and in ``evermodel doctor``.
        """
        failed = [served for served in event.versions if served.state == "failed"]
        if not failed:
            return NOTHING
        for served in failed:
            _LOG.error(
                "%s v%d cannot be served by scorer %s: %s",
                *(event.model, served.version, event.replica, served.reason),
            )
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
            self._work.take_over(self._states[model])
        return Restored()

    def on_revoked(self, partition: TopicPartition, /) -> None:
        """Forget what may be another replica's from now on; all partitions go at once."""
        self._generation += 1
        self._answers.clear()
        self._states.clear()
        self._asking.clear()
        self._waiting.clear()
        self._readings.forget()

    def on_tick(self) -> Reaction:
        """Bring Git what it is owed, without waiting for the model's next event."""
        came_back = self._errands.tick(self._states)
        reaction = NOTHING if came_back is None else self._returned(came_back)
        self._readings.show(self._states)
        return reaction

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        """Take in what became of the changes that taking a version back had left owed."""
        if isinstance(result, Delivery):
            return self._returned(result)
        _LOG.error("%s: Git could not be told, it will be asked again: %r", key, result)
        return NOTHING

    def _returned(self, delivery: Delivery) -> Reaction:
        """Note what was written, unless an event came between: it will find it written."""
        before, after = delivery.before, delivery.state
        if after == before or delivery.overtaken is not None:
            return NOTHING
        model = ModelName(before.model)
        if self._states.get(model) != before:
            return NOTHING
        self._states[model] = after
        state: dict[str, bytes | None] = {model: memory.dump(after)}
        if not delivery.commits:
            return Reaction(state=state)
        change, commit = delivery.commits[-1]
        turn = Turn(model, change.time)
        turn.commits = delivery.commits
        turn.tell_of_late_commits(after)
        events = turn.events(before.desired, identity=f"{model}/{commit}")
        return Reaction(events=events, state=state)

    def state_of(self, model: str) -> Lifecycle:
        """Return where `model` stands."""
        return self._states.get(model, Lifecycle(model=model))

    def _react(self, model: ModelName, happening: Happening, meta: EventMeta) -> Reaction | Held:
        if not self._work.knows(model):
            raise Foreign(f"no model description names {model!r}")
        if meta.id in self._answers:
            return self._answers[meta.id]
        before, must_wait = self.state_of(model), self._must_wait(model, meta)
        try:
            decision = self._work.decide(before, happening, meta)
        except Permanent:
            if not must_wait:
                raise
            return self._wait(model, happening, meta)  # what is under way may make it possible
        if must_wait and not decision.takes_back:
            return self._wait(model, happening, meta)
        if meta.id in self._waiting[model]:
            self._waiting[model].remove(meta.id)
        if decision.asks_git:
            return self._ask(before, happening, meta)
        return self._remember(*self._work.at_once(decision, happening, meta), meta)

    def _refuse_astray(self, name: ModelName, time: datetime) -> None:
        model, state = self._models.get(name), self.state_of(name)
        if model is not None:
            told = state.windows_until or state.outcomes_until
            refuse_astray(time, told=told, window=model.windows.length, wall=self._wall)

    def _must_wait(self, model: ModelName, meta: EventMeta) -> bool:
        """Whether work is under way, or another event has waited longer."""
        waiting = self._waiting[model]
        return model in self._asking or (bool(waiting) and waiting[0] != meta.id)

    def _wait(self, model: ModelName, happening: Happening, meta: EventMeta) -> Held:
        """Let the event wait off the loop until Git has answered, and then decide anew."""
        if meta.id not in self._waiting[model]:
            self._waiting[model].append(meta.id)
        asking = self._asking.get(model)

        def work() -> Rest:
            if asking is not None:
                asking.wait()
            return partial(self._react, model, happening, meta)

        return Held(work)

    def _ask(self, before: Lifecycle, happening: Happening, meta: EventMeta) -> Held:
        """Carry it out beside the loop, where Git is asked, and take in what came of it."""
        generation, over = self._generation, threading.Event()
        self._asking[before.model] = over

        def work() -> Rest:
            try:
                with self._locks[before.model]:
                    if generation != self._generation:
                        # The partition went to another replica, which gets this event as well.
                        raise Transient("the partition was taken away while this was worked on")
                    state, turn = self._work.carry_out(before, happening, meta)
            finally:
                over.set()
            return partial(self._take_in, before, state, turn, happening, meta)

        return Held(work)

    def _take_in(
        self,
        before: Lifecycle,
        state: Lifecycle,
        turn: Turn,
        happening: Happening,
        meta: EventMeta,
    ) -> Reaction | Held:
        """Note what came of work, unless a version was taken back while Git was asked.

        Then this was worked out for another state: what it wrote to Git will be found there.
        """
        model = ModelName(before.model)
        del self._asking[model]
        now = self.state_of(model)
        if now == before:
            return self._remember(state, turn, meta)
        self._work.take_over(now)
        return self._react(model, happening, meta)

    def _remember(self, state: Lifecycle, turn: Turn, meta: EventMeta) -> Reaction:
        model = state.model
        before = self.state_of(model)
        if state == before and not turn.steps:
            return NOTHING
        started_from = before.desired if turn.commits else state.desired
        events = turn.events(started_from)  # what cannot be said has not happened
        self._states[model] = state
        reaction = Reaction(
            events=events,
            state={model: memory.dump(state)},
            jobs=[self._delivery(state, meta)] if turn.is_git_untold else (),
        )
        self._answers[meta.id] = Reaction(events=events)
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return reaction

    def _delivery(self, state: Lifecycle, cause: EventMeta) -> Job:
        """Return the job of telling Git. One that is lost with its process is a tick's errand."""
        tell = partial(deliver, state, self._repository)
        return Job(key=f"{state.model}/git", cause=cause, run=tell)
