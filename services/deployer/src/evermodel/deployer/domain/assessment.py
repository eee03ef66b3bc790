"""What the judge's answer on the evidence so far means for the phase a model is in."""

from evermodel.deployer.domain import ascent, retreat
from evermodel.deployer.domain.happenings import Context, Step
from evermodel.deployer.domain.judge import judge, judge_promoted
from evermodel.deployer.domain.lifecycle import (
    Held,
    Lifecycle,
    NoModel,
    RollingOut,
    Stable,
    Watching,
)
from evermodel.deployer.domain.policy import Policy

Outcome = tuple[Lifecycle, tuple[Step, ...]]


def assess(state: Lifecycle, *, context: Context, policy: Policy) -> Outcome:
    """Return the state after judging it: forward, back, on hold, or as it was."""
    match state.phase:
        case NoModel() | Stable():
            return state, ()
        case Watching() as watch:
            return _watch(state, watch, context, policy)
        case Held(rollout=rollout):
            return _rollout(state, rollout, context, policy, held=True)
        case RollingOut() as rollout:
            return _rollout(state, rollout, context, policy, held=False)


def _rollout(
    state: Lifecycle, rollout: RollingOut, context: Context, policy: Policy, *, held: bool
) -> Outcome:
    judgement = judge(
        rollout.evidence, step=rollout.step, elapsed=context.now - rollout.entered, policy=policy
    )
    if judgement.answer == "bad":
        return retreat.abort(state, judgement=judgement, context=context)
    waits_for = _waits_for(state, context, policy)
    if held or state.paused or waits_for == "a moment":
        return state, ()
    if judgement.answer == "good" and not waits_for:
        return ascent.forward(state, judgement=judgement, context=context, policy=policy)
    if context.now - rollout.patient_since < policy.patience:
        return state, ()
    why = waits_for or judgement.reason
    return ascent.hold(state, rollout, why=why, findings=judgement.findings, policy=policy)


def _waits_for(state: Lifecycle, context: Context, policy: Policy) -> str:
    """Return what a good rollout still waits for, apart from evidence; empty = nothing."""
    waits_for_git = ascent.waits_for_git(state, context)
    if waits_for_git:
        return waits_for_git
    if state.outcomes_until is None or state.windows_until is None:
        return ""
    lag = state.windows_until - state.outcomes_until
    if not lag:
        return ""
    return "the outcomes have fallen behind" if lag > policy.patience else "a moment"


def _watch(state: Lifecycle, watch: Watching, context: Context, policy: Policy) -> Outcome:
    judgement = judge_promoted(watch.evidence, elapsed=context.now - watch.since, policy=policy)
    if judgement.answer == "bad":
        return retreat.roll_back(state, judgement=judgement, context=context, policy=policy)
    if context.now - watch.since >= policy.label_horizon:
        return ascent.complete(state, judgement=judgement, policy=policy)
    return state, ()
