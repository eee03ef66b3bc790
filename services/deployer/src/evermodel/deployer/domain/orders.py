"""What a person's order does. Every order is answered by a step, if only by ``declined``.

Where nothing serves there is no step to answer with: a pause is kept, all else is refused.
"""

from dataclasses import replace
from typing import assert_never

from evermodel.common.events.rollout import ORDERED, Action
from evermodel.deployer.domain import admission, ascent, retreat, statements
from evermodel.deployer.domain.happenings import Context, Ordered, Refused, Step
from evermodel.deployer.domain.lifecycle import Held, Lifecycle, Watching
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.verdicts import Judgement

Outcome = tuple[Lifecycle, tuple[Step, ...]]


def obey(state: Lifecycle, order: Ordered, *, context: Context, policy: Policy) -> Outcome:
    """Carry `order` out, or say why not.

    Raises:
        Refused: the model serves nothing, so there is nothing to order about.
    """
    if state.champion is None and order.command not in {"pause", "resume"}:
        raise Refused(f"{order.command}: {state.model} has no version that serves")
    match order.command:
        case "pause":
            return _pause(state, order)
        case "resume":
            return _resume(state, order, context)
        case "promote":
            return _promote(state, order, context, policy)
        case "abort":
            return _abort(state, order, context, policy)
        case "lift_hold":
            return _lift_hold(state, order, context, policy)
        case never:
            assert_never(never)


def _pause(state: Lifecycle, order: Ordered) -> Outcome:
    state = replace(state, paused=True)
    return state, _told(state, "held", f"paused by {_signed(order)}")


def _resume(state: Lifecycle, order: Ordered, context: Context) -> Outcome:
    state = replace(state, paused=False)
    if state.rollout is not None:
        state = replace(state, phase=replace(state.rollout, patient_since=context.now))
    said = _told(state, "resumed", f"resumed by {_signed(order)}")
    state, more = admission.next_up(state, context=context)
    return state, (*said, *more)


def _promote(state: Lifecycle, order: Ordered, context: Context, policy: Policy) -> Outcome:
    if state.rollout is None or not _meant(order, state.rollout.challenger.version):
        return state, (_declined(state, order),)
    waits_for = ascent.waits_for_git(state, context)
    if waits_for:
        return state, (_declined(state, order, why=waits_for),)
    judgement = Judgement(answer="good", reason=f"{ORDERED}{_signed(order)}", findings=())
    return ascent.promote(state, judgement=judgement, context=context, policy=policy)


def _abort(state: Lifecycle, order: Ordered, context: Context, policy: Policy) -> Outcome:
    judgement = statements.verdict(f"{ORDERED}{_signed(order)}")
    rollout, phase = state.rollout, state.phase
    if rollout is not None and _meant(order, rollout.challenger.version):
        return retreat.abort(state, judgement=judgement, context=context)
    if isinstance(phase, Watching) and _meant(order, phase.champion.version):
        return retreat.roll_back(state, judgement=judgement, context=context, policy=policy)
    if state.waiting is not None and order.version == state.waiting.version:
        dropped, state = state.waiting, replace(state, waiting=None)
        return state, (statements.decline(state, dropped, judgement.reason),)
    return state, (_declined(state, order),)


def _lift_hold(state: Lifecycle, order: Ordered, context: Context, policy: Policy) -> Outcome:
    """Let a held rollout go on, or a version that was taken back try again."""
    if isinstance(state.phase, Held) and _meant(order, state.phase.rollout.challenger.version):
        return _resume(state, order, context)
    found = [q for q in state.quarantine if _meant(order, q.release.version)]
    if not found:
        return state, (_declined(state, order),)
    lifted = found[-1].release
    kept = tuple(q for q in state.quarantine if q.release.digest != lifted.digest)
    return admission.offer(replace(state, quarantine=kept), lifted, context=context, policy=policy)


def _meant(order: Ordered, version: int) -> bool:
    return order.version is None or order.version == version


def _signed(order: Ordered) -> str:
    return f"{order.who}: {order.why}"


def _told(state: Lifecycle, action: Action, reason: str) -> tuple[Step, ...]:
    """Return the fact as `_about` does, or nothing where nothing serves."""
    return () if state.champion is None else (_about(state, action, reason),)


def _about(state: Lifecycle, action: Action, reason: str) -> Step:
    """Return a fact about the rollout in progress, or else about the champion."""
    champion, rollout = state.champion, state.rollout
    if champion is None:
        raise Refused("nothing serves")
    if rollout is None:
        return statements.say(state, action, champion, reason=reason, replaces=None)
    return statements.say(
        state, action, rollout.challenger, reason=reason, replaces=champion, step=rollout.step
    )


def _declined(state: Lifecycle, order: Ordered, *, why: str = "") -> Step:
    version = "" if order.version is None else f" v{order.version}"
    why = why or _nothing_to_do(state, order)
    return _about(state, "declined", f"{order.command}{version} by {order.who}: {why}")


def _nothing_to_do(state: Lifecycle, order: Ordered) -> str:
    known = [state.champion, state.rollout and state.rollout.challenger, state.waiting]
    known += [taken_back.release for taken_back in state.quarantine]
    if order.version is None or order.version in [each.version for each in known if each]:
        return "nothing to do"
    return (
        f"nothing to do: there is no version {order.version} that serves, is rolled out, waits "
        "or was taken back"
    )
