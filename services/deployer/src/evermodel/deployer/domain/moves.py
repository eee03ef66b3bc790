"""The transitions a rollout can make, each with the step it publishes and the change it owes."""

from collections.abc import Callable
from dataclasses import replace

from evermodel.deployer.domain.changes import promotion, rollback
from evermodel.deployer.domain.evidence import Evidence
from evermodel.deployer.domain.happenings import Action, Context, Step
from evermodel.deployer.domain.lifecycle import (
    Held,
    Lifecycle,
    Quarantined,
    RollingOut,
    Stable,
    Watching,
)
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.release import Release
from evermodel.deployer.domain.verdicts import Finding, Judgement

Outcome = tuple[Lifecycle, tuple[Step, ...]]


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


def bootstrap(state: Lifecycle, release: Release, *, context: Context, policy: Policy) -> Outcome:
    """Let the first version serve at once: there is nothing to compare it with."""
    reason = f"v{release.version} is the first accepted version: nothing serves yet"
    change = promotion(
        state.model,
        champion=None,
        challenger=release,
        cause=context.cause,
        time=context.now,
        reason=reason,
    )
    state = replace(state, phase=Stable(champion=release), owed=(change,), waiting=None)
    return state, (
        say(state, "promoted", release, reason=reason, replaces=None, step=policy.last_step),
    )


def offer(state: Lifecycle, release: Release, *, context: Context, policy: Policy) -> Outcome:
    """Begin the rollout of `release`, queue it, or decline it."""
    rollout, champion = state.rollout, state.champion
    known = (champion, state.waiting, None if rollout is None else rollout.challenger)
    newest = max(r.version for r in known if r is not None)
    if release.version <= newest:
        return state, (decline(state, release, f"v{release.version} is not newer than v{newest}"),)
    barred = _barred(state, release)
    if barred:
        return state, (decline(state, release, barred),)
    if rollout is None and not state.paused:
        return start(state, release, context=context)
    why = f"v{rollout.challenger.version} is being rolled out" if rollout else "paused"
    dropped = f", in place of v{state.waiting.version}" if state.waiting else ""
    state = replace(state, waiting=release)
    reason = f"v{release.version} waits{dropped}: {why}"
    return state, (say(state, "queued", release, reason=reason, replaces=champion),)


def _barred(state: Lifecycle, release: Release) -> str:
    """Return why this artefact may not begin a rollout; empty when it may."""
    if state.quarantines(release.digest):
        return f"the artefact of v{release.version} was taken back before"
    champion = state.champion
    if champion is not None and champion.digest == release.digest:
        return f"v{release.version} is the very artefact that serves as v{champion.version}"
    return ""


def decline(state: Lifecycle, release: Release, reason: str) -> Step:
    """Return the fact that nothing is done."""
    return say(state, "declined", release, reason=reason, replaces=state.champion)


def start(state: Lifecycle, release: Release, *, context: Context) -> Outcome:
    """Let `release` shadow. A watch in progress ends."""
    champion = state.champion
    if champion is None:
        raise ValueError("a rollout replaces something")
    cut = " The watch over it ends early." if isinstance(state.phase, Watching) else ""
    reason = f"v{release.version} was accepted and shadows v{champion.version}.{cut}"
    rollout = RollingOut(
        champion=champion,
        challenger=release,
        step=0,
        weight=0,
        entered=context.now,
        patient_since=context.now,
    )
    change = promotion(
        state.model,
        champion=champion,
        challenger=release,
        cause=context.cause,
        time=context.now,
        reason=reason,
    )
    state = replace(state, phase=rollout, owed=(*state.owed, change), waiting=None)
    return state, (say(state, "started", release, reason=reason, replaces=champion),)


def next_up(state: Lifecycle, *, context: Context) -> Outcome:
    """Begin the waiting version's rollout, when one waits and may begin."""
    release = state.waiting
    if release is None or state.paused or state.rollout is not None:
        return state, ()
    state = replace(state, waiting=None)
    barred = _barred(state, release)
    if barred:
        return state, (decline(state, release, barred),)
    return start(state, release, context=context)


def with_evidence(state: Lifecycle, add: Callable[[Evidence], Evidence]) -> Lifecycle:
    """Return the state with more evidence on its two versions."""
    match state.phase:
        case RollingOut() | Watching() as phase:
            return replace(state, phase=replace(phase, evidence=add(phase.evidence)))
        case Held(rollout=rollout) as held:
            rollout = replace(rollout, evidence=add(rollout.evidence))
            return replace(state, phase=replace(held, rollout=rollout))
        case _:
            return state


def forward(state: Lifecycle, *, judgement: Judgement, context: Context, policy: Policy) -> Outcome:
    """Give the challenger its next share, or everything."""
    rollout = _rollout_of(state)
    step = rollout.step + 1
    if policy.weight(step) == 100:
        return promote(state, judgement=judgement, context=context, policy=policy)
    moved = replace(
        rollout,
        step=step,
        weight=policy.weight(step),
        entered=context.now,
        patient_since=context.now,
        evidence=rollout.evidence.next_step(),
    )
    state = replace(state, phase=moved)
    reason = f"v{rollout.challenger.version} takes {moved.weight} %: {judgement.reason}"
    return state, (_step(state, "advanced", moved, reason, judgement.findings, step),)


def promote(state: Lifecycle, *, judgement: Judgement, context: Context, policy: Policy) -> Outcome:
    """Give the challenger everything; the former champion shadows."""
    rollout = _rollout_of(state)
    watch = Watching(
        champion=rollout.challenger,
        former=rollout.champion,
        since=context.now,
        evidence=rollout.evidence.next_step(),
    )
    state = replace(state, phase=watch)
    reason = f"v{rollout.challenger.version} takes everything: {judgement.reason}"
    said = _step(state, "promoted", rollout, reason, judgement.findings, policy.last_step)
    state, more = next_up(state, context=context)
    return state, (said, *more)


def abort(
    state: Lifecycle,
    *,
    judgement: Judgement,
    context: Context,
    policy: Policy,
    blame: bool = True,
    write: bool = True,
) -> Outcome:
    """Take the challenger's weight to zero; with `blame` its digest is quarantined."""
    rollout = _rollout_of(state)
    reason = f"v{rollout.challenger.version} is taken back: {judgement.reason}"
    state = _taken_back(state, rollout.challenger, to=rollout.champion, reason=reason, blame=blame)
    if write:
        state = _owing_rollback(state, rollout.challenger, judgement, context)
    said = _step(state, "aborted", rollout, reason, judgement.findings, rollout.step)
    state, more = next_up(state, context=context)
    return state, (said, *more)


def roll_back(
    state: Lifecycle, *, judgement: Judgement, context: Context, policy: Policy
) -> Outcome:
    """Undo a promotion: the former champion serves again."""
    watch = state.phase
    if not isinstance(watch, Watching):
        raise TypeError("only a promotion under watch can be undone")
    reason = f"v{watch.champion.version} is undone: {judgement.reason}"
    state = _taken_back(state, watch.champion, to=watch.former, reason=reason, blame=True)
    state = _owing_rollback(state, watch.champion, judgement, context)
    said = say(
        state,
        "rolled_back",
        watch.champion,
        reason=reason,
        replaces=watch.former,
        step=policy.last_step,
        findings=judgement.findings,
    )
    state, more = next_up(state, context=context)
    return state, (said, *more)


def complete(state: Lifecycle, *, judgement: Judgement, policy: Policy) -> Outcome:
    """End the watch: the former champion retires."""
    watch = state.phase
    if not isinstance(watch, Watching):
        raise TypeError("only a promotion under watch can be completed")
    state = replace(state, phase=Stable(champion=watch.champion))
    reason = f"the label horizon has passed and nothing is proved against v{watch.champion.version}"
    return state, (
        say(
            state,
            "completed",
            watch.champion,
            reason=reason,
            replaces=watch.former,
            step=policy.last_step,
            findings=judgement.findings,
        ),
    )


def hold(
    state: Lifecycle,
    rollout: RollingOut,
    *,
    why: str,
    findings: tuple[Finding, ...],
    policy: Policy,
) -> Outcome:
    """Ask a person, after the policy's patience."""
    state = replace(state, phase=Held(rollout=rollout, why=why))
    reason = f"no verdict within {policy.patience}, a person is asked: {why}"
    return state, (_step(state, "held", rollout, reason, findings, rollout.step),)


def _rollout_of(state: Lifecycle) -> RollingOut:
    if state.rollout is None:
        raise TypeError("nothing is being rolled out")
    return state.rollout


def _step(
    state: Lifecycle,
    action: Action,
    rollout: RollingOut,
    reason: str,
    findings: tuple[Finding, ...],
    step: int,
) -> Step:
    return say(
        state,
        action,
        rollout.challenger,
        reason=reason,
        replaces=rollout.champion,
        step=step,
        findings=findings,
    )


def _taken_back(
    state: Lifecycle, bad: Release, *, to: Release, reason: str, blame: bool
) -> Lifecycle:
    more = (Quarantined(release=bad, reason=reason),) if blame else ()
    return replace(state, phase=Stable(champion=to), quarantine=(*state.quarantine, *more))


def _owing_rollback(
    state: Lifecycle, bad: Release, judgement: Judgement, context: Context
) -> Lifecycle:
    to = state.champion
    if to is None:
        raise ValueError("a rollback goes back to something")
    undelivered = tuple(c for c in state.owed if c.about != bad.version)
    if undelivered != state.owed:
        # Git never heard of the promotion: telling it now, only to take it back, would serve it.
        return replace(state, owed=undelivered)
    evidence = tuple(
        f"{f.check}: {f.value:.4g} against {f.bound:.4g}, n = {f.n} ({f.verdict})"
        for f in judgement.findings
    )
    change = rollback(
        state.model,
        bad=bad,
        to=to,
        cause=context.cause,
        time=context.now,
        reason=judgement.reason,
        evidence=evidence,
    )
    return replace(state, owed=(*state.owed, change))
