"""How a version enters: it serves at once, shadows, waits in the queue of one, or is declined."""

from dataclasses import replace

from evermodel.deployer.domain import statements
from evermodel.deployer.domain.changes import promotion
from evermodel.deployer.domain.happenings import Context, Step
from evermodel.deployer.domain.lifecycle import Lifecycle, RollingOut, Stable, Watching
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.release import Release

Outcome = tuple[Lifecycle, tuple[Step, ...]]


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
        statements.say(
            state, "promoted", release, reason=reason, replaces=None, step=policy.last_step
        ),
    )


def offer(state: Lifecycle, release: Release, *, context: Context, policy: Policy) -> Outcome:
    """Begin the rollout of `release`, queue it, or decline it."""
    rollout, champion = state.rollout, state.champion
    known = (champion, state.waiting, None if rollout is None else rollout.challenger)
    newest = max(r.version for r in known if r is not None)
    if release.version <= newest:
        return state, (
            statements.decline(state, release, f"v{release.version} is not newer than v{newest}"),
        )
    barred = _barred(state, release)
    if barred:
        return state, (statements.decline(state, release, barred),)
    if rollout is None and not state.paused:
        return start(state, release, context=context)
    why = f"v{rollout.challenger.version} is being rolled out" if rollout else "paused"
    dropped = f", in place of v{state.waiting.version}" if state.waiting else ""
    state = replace(state, waiting=release)
    reason = f"v{release.version} waits{dropped}: {why}"
    return state, (statements.say(state, "queued", release, reason=reason, replaces=champion),)


def start(state: Lifecycle, release: Release, *, context: Context) -> Outcome:
    """Let `release` shadow. A watch in progress ends."""
    champion = state.champion
    if champion is None:
        raise ValueError("a rollout replaces something")
    cut = "; the watch over that one ends early" if isinstance(state.phase, Watching) else ""
    reason = f"v{release.version} was accepted and shadows v{champion.version}{cut}"
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
    return state, (statements.say(state, "started", release, reason=reason, replaces=champion),)


def next_up(state: Lifecycle, *, context: Context) -> Outcome:
    """Begin the waiting version's rollout, when one waits and may begin."""
    release = state.waiting
    if release is None or state.paused or state.rollout is not None:
        return state, ()
    state = replace(state, waiting=None)
    barred = _barred(state, release)
    if barred:
        return state, (statements.decline(state, release, barred),)
    return start(state, release, context=context)


def _barred(state: Lifecycle, release: Release) -> str:
    """Return why this artefact may not begin a rollout; empty when it may."""
    if state.quarantines(release.digest):
        return f"the artefact of v{release.version} was taken back before"
    champion = state.champion
    if champion is not None and champion.digest == release.digest:
        return f"v{release.version} is the very artefact that serves as v{champion.version}"
    return ""
