"""What is said of a lifecycle: the step that tells of a transition, never the transition itself."""

from evermodel.common.events.rollout import Action
from evermodel.deployer.domain.happenings import Step
from evermodel.deployer.domain.lifecycle import Lifecycle, RollingOut
from evermodel.deployer.domain.release import Release
from evermodel.deployer.domain.verdicts import Finding, Judgement


def verdict(reason: str) -> Judgement:
    """Return bad news that is no count, e.g. a version that does not load."""
    return Judgement(answer="bad", reason=reason, findings=())


def say(
    state: Lifecycle,
    action: Action,
    release: Release,
    *,
    reason: str,
    replaces: Release | None,
    step: int = 0,
    findings: tuple[Finding, ...] = (),
) -> Step:
    """Return the fact `action` about `release`, with all that serves in `state`."""
    stable = state.champion
    if stable is None:
        raise ValueError("nothing serves: there is no step to speak of")
    return Step(
        action=action,
        release=release,
        from_version=None if replaces is None else replaces.version,
        step=step,
        in_play=state.in_play,
        stable_version=stable.version,
        reason=reason,
        findings=findings,
        quarantined=tuple(q.release.digest for q in state.quarantine),
    )


def about(
    state: Lifecycle,
    action: Action,
    rollout: RollingOut,
    *,
    reason: str,
    findings: tuple[Finding, ...],
    step: int | None = None,
) -> Step:
    """Return the fact `action` about a rollout, on its own step unless `step` says another."""
    return say(
        state,
        action,
        rollout.challenger,
        reason=reason,
        replaces=rollout.champion,
        step=rollout.step if step is None else step,
        findings=findings,
    )


def decline(state: Lifecycle, release: Release, reason: str) -> Step:
    """Return the fact that nothing is done."""
    return say(state, "declined", release, reason=reason, replaces=state.champion)


def rollout_of(state: Lifecycle) -> RollingOut:
    """Return the rollout in progress."""
    if state.rollout is None:
        raise TypeError("nothing is being rolled out")
    return state.rollout
