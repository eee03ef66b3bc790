"""What each event means for the next training.

Must never train: `work.py` does, beside the loop.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import LONGEST_TOLD
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Foreign
from evermodel.common.kernel.ids import LifecycleId
from evermodel.common.kernel.meant_time import EARLIEST, LATEST
from evermodel.common.kernel.stream_time import refuse_astray
from evermodel.common.messaging.api import NOTHING, Emit, Job, Reaction, Restored
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.trainer.domain import admission
from evermodel.trainer.domain.admission import Admission, Policy, Request, Training
from evermodel.trainer.handlers.state import cause_of, dumped, loaded, meta_of
from evermodel.trainer.handlers.work import Work, failed, plan_of

_LOG = logging.getLogger(__name__)

#: Characters of what an unforeseen error says of itself in an event.
_LONGEST = 500


class Trainer:
    """Keeps one admission per model and answers each event with what follows."""

    def __init__(
        self, *, models: Mapping[str, ModelDescription], work: Work, wall: Clock | None = None
    ) -> None:
        """`wall`: what the dates of labels are held against, if anything."""
        self._models, self._wall = models, wall
        self._work = work
        self._states: dict[str, Admission] = {}

    def on_drift_detected(self, event: DriftDetected, meta: EventMeta) -> Reaction:
        """A verdict: `retrain` asks for a training, `cleared` takes a waiting one back."""
        policy, state = self._of(event.model)
        if event.severity == "cleared":
            return self._then(event.model, admission.cleared(state, episode=event.episode_id))
        if event.severity == "watch":
            return NOTHING
        request = Request(
            cause=cause_of(meta),
            reason=event.reason[:LONGEST_TOLD],
            channel=event.cause,
            champion=event.champion,
            onset=event.onset,
            drifted=event.features if event.cause == "feature" else (),
            episode=event.episode_id,
        )
        if event.cause == "quality":
            why = "broken data is repaired, not learned"
            return self._then(event.model, admission.refused(state, request, reason=why))
        return self._then(event.model, *admission.alarm(state, request, policy=policy))

    def on_outcomes_matured(self, event: OutcomesMatured, _meta: EventMeta) -> Reaction:
        """Labels of one more cohort are there."""
        policy, state = self._of(event.model)
        length = self._models[event.model].windows.length
        refuse_astray(event.known_until, told=state.matured_at, window=length, wall=self._wall)
        known, ended = state.matured_until, event.cohort.end
        if known is not None and ended < known:
            told = "%s: labels of payments up to %s come after those up to %s: they start nothing"
            _LOG.warning(told, event.model, ended, known)
        decision = admission.matured(
            state,
            cohort=(event.cohort.start, event.cohort.end),
            at=event.known_until,
            quality_failed=event.quality_failed,
            policy=policy,
        )
        return self._then(event.model, *decision)

    def on_rollout_step(self, event: RolloutStep, meta: EventMeta) -> Reaction:
        """What serves, and whether something is being rolled out."""
        policy, state = self._of(event.model)
        challenger = next((v.version for v in event.in_play if v.role == "challenger"), None)
        decision = admission.rolled(
            state,
            champion=event.stable_version,
            rollout=challenger,
            promoted=event.action == "promoted",
            at=meta.time,
            policy=policy,
        )
        return self._then(event.model, *decision)

    def on_lifecycle_command(self, event: LifecycleCommand, meta: EventMeta) -> Reaction:
        """A person's order; those that are not about training are the deployer's."""
        policy, state = self._of(event.model)
        match event.command:
            case "pause":
                return self._then(event.model, admission.paused(state))
            case "resume":
                return self._then(
                    event.model, *admission.resumed(state, at=meta.time, policy=policy)
                )
            case "retrain":
                reason = f"{event.who}: {event.why}"[:LONGEST_TOLD]
                request = Request(cause=cause_of(meta), reason=reason)
                return self._then(event.model, *admission.command(state, request, policy=policy))
            case "promote" | "abort" | "lift_hold":
                return NOTHING

    def on_restored(
        self, _partition: TopicPartition, state: Mapping[str, bytes], _committed: int | None
    ) -> Restored:
        """Take over the models of a partition; a training in flight is taken up again."""
        jobs = []
        for name, value in state.items():
            self._states[name] = loaded(value)
            if name not in self._models:
                continue
            policy = policy_of(self._models[name])
            self._states[name] = admission.bounded(self._states[name], policy=policy)
            in_flight = self._states[name].in_flight
            if in_flight is not None:
                jobs.append(self._job(name, in_flight))
        return Restored(jobs=jobs)

    def on_revoked(self, _partition: TopicPartition) -> None:
        """Forget: what is still ours is handed back by `on_restored`."""
        self._states.clear()

    def on_done(self, key: str, _cause: EventMeta, result: object) -> Reaction:
        """Publish what came of a training, and be free for the next."""
        name = key.partition("/")[0]
        state = self._states.get(name, Admission())
        training = state.in_flight
        if training is None or _key(name, training) != key:
            return NOTHING
        event = self._outcome(name, training, result)
        _LOG.info("%s: training %s: %s", name, event.outcome, event.reason)
        lifecycle = training.request.cause.lifecycle_id
        emit = Emit(
            event,
            min(max(training.as_of, EARLIEST), LATEST),  # accepted by an older release, maybe
            lifecycle_id=None if lifecycle is None else LifecycleId(lifecycle),
        )
        reaction = self._then(name, admission.ended(state))
        return Reaction(events=[emit], state=reaction.state)

    def _outcome(self, name: str, training: Training, result: object) -> ModelTrained:
        if isinstance(result, ModelTrained):
            return result
        _LOG.error("a training raised", exc_info=result if isinstance(result, Exception) else None)
        plan = plan_of(training, model=self._models[name], left_out=(), lake="", threads=1)
        return failed(training, plan, reason=f"the trainer broke: {result!r}"[:_LONGEST])

    def _of(self, name: str) -> tuple[Policy, Admission]:
        if name not in self._models:
            raise Foreign(f"no model.toml describes {name!r} here")
        return policy_of(self._models[name]), self._states.get(name, Admission())

    def _then(self, name: str, state: Admission, training: Training | None = None) -> Reaction:
        """Keep `state` when it is new, and start `training`."""
        before = self._states.get(name)
        if state == before and training is None:
            return NOTHING
        self._states[name] = state
        _log_answers(name, before or Admission(), state)
        jobs = [] if training is None else [self._job(name, training)]
        return Reaction(state={name: dumped(state)}, jobs=jobs)

    def _job(self, name: str, training: Training) -> Job:
        run = partial(
            self._work.carry_out,
            training,
            model=self._models[name],
            left_out=self._states[name].left_out,
        )
        return Job(key=_key(name, training), cause=meta_of(training.request.cause), run=run)


def policy_of(model: ModelDescription) -> Policy:
    """Return the numbers of `model.toml` that admission goes by."""
    delay = model.stream.label_delay
    return Policy(
        cool_down=max(model.drift.cool_down, delay),
        regime=model.training.regime,
        memory=model.training.window + delay + timedelta(days=1),
        closing=model.windows.length + model.windows.lateness,
    )


def _key(name: str, training: Training) -> str:
    return f"{name}/{training.request.cause.id}"


def _log_answers(name: str, before: Admission, after: Admission) -> None:
    for answer in after.answers:
        if answer not in before.answers:
            _LOG.info("%s: %s %s: %s", name, answer.event, answer.answer, answer.reason)
