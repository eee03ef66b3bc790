"""How a challenger rises: its next share, everything, the end of its watch; or it is held.

Must never judge: it is told what the judgement was.
"""

from dataclasses import replace

from evermodel.deployer.domain import admission, statements
from evermodel.deployer.domain.happenings import Context, Step
from evermodel.deployer.domain.lifecycle import Held, Lifecycle, RollingOut, Stable, Watching
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.verdicts import Finding, Judgement

Outcome = tuple[Lifecycle, tuple[Step, ...]]


def waits_for_git(state: Lifecycle, context: Context) -> str:
    """Return why nothing may rise now (rule 5), whoever wants it to; empty when it may."""
    if state.owed:
        return "Git has not taken the change yet"
    return context.hindrance


def forward(state: Lifecycle, *, judgement: Judgement, context: Context, policy: Policy) -> Outcome:
    """Give the challenger its next share, or everything."""
    rollout = statements.rollout_of(state)
    step, weight = policy.after(rollout.weight)
    if weight == 100:
        return promote(state, judgement=judgement, context=context, policy=policy)
    moved = replace(
        rollout,
        step=step,
        weight=weight,
        entered=context.now,
        patient_since=context.now,
        evidence=rollout.evidence.next_step(),
    )
    state = replace(state, phase=moved)
    reason = f"v{rollout.challenger.version} takes {moved.weight} %: {judgement.reason}"
    said = statements.about(state, "advanced", moved, reason=reason, findings=judgement.findings)
    return state, (said,)


def promote(state: Lifecycle, *, judgement: Judgement, context: Context, policy: Policy) -> Outcome:
    """Give the challenger everything; the former champion shadows."""
    rollout = statements.rollout_of(state)
    watch = Watching(
        champion=rollout.challenger,
        former=rollout.champion,
        since=context.now,
        evidence=rollout.evidence.next_step(),
    )
    state = replace(state, phase=watch)
    reason = f"v{rollout.challenger.version} takes everything: {judgement.reason}"
    said = statements.about(
        state,
        "promoted",
        rollout,
        reason=reason,
        findings=judgement.findings,
        step=policy.last_step,
    )
    state, more = admission.next_up(state, context=context)
    return state, (said, *more)


def complete(state: Lifecycle, *, judgement: Judgement, policy: Policy) -> Outcome:
    """End the watch: the former champion retires."""
    watch = state.phase
    if not isinstance(watch, Watching):
        raise TypeError("only a promotion under watch can be completed")
    state = replace(state, phase=Stable(champion=watch.champion))
    reason = f"the label horizon has passed and nothing is proved against v{watch.champion.version}"
    return state, (
        statements.say(
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
    said = statements.about(state, "held", rollout, reason=reason, findings=findings)
    return state, (said,)
