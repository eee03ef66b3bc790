"""How a version is taken back: its weight to zero, its digest barred, and what Git is then owed.

Must never wait for Git: traffic moves at once, and Git is owed the change.
"""

from dataclasses import replace

from evermodel.deployer.domain import admission, statements
from evermodel.deployer.domain.changes import rollback
from evermodel.deployer.domain.happenings import Context, Step
from evermodel.deployer.domain.lifecycle import Lifecycle, Quarantined, Stable, Watching
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.release import Release
from evermodel.deployer.domain.verdicts import Judgement

Outcome = tuple[Lifecycle, tuple[Step, ...]]


def abort(
    state: Lifecycle,
    *,
    judgement: Judgement,
    context: Context,
    blame: bool = True,
    write: bool = True,
) -> Outcome:
    """Take the challenger's weight to zero; with `blame` its digest is quarantined."""
    rollout = statements.rollout_of(state)
    reason = f"v{rollout.challenger.version} is taken back: {judgement.reason}"
    state = _taken_back(state, rollout.challenger, to=rollout.champion, reason=reason, blame=blame)
    if write:
        state = _owing_rollback(state, rollout.challenger, judgement, context)
    said = statements.about(state, "aborted", rollout, reason=reason, findings=judgement.findings)
    state, more = admission.next_up(state, context=context)
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
    said = statements.say(
        state,
        "rolled_back",
        watch.champion,
        reason=reason,
        replaces=watch.former,
        step=policy.last_step,
        findings=judgement.findings,
    )
    state, more = admission.next_up(state, context=context)
    return state, (said, *more)


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
    # An undelivered promotion is not told any more: that would serve what was taken back. Nor
    # is it taken for unheard: its answer may be what was lost. The rollback asks Git itself.
    others = tuple(c for c in state.owed if c.about != bad.version)
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
    return replace(state, owed=(*others, change))
