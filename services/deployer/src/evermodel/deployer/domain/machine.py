"""The rollout as a pure state machine: ``(state, happening, context) -> (state, steps)``.

Rules:
1. The first accepted version serves at once. Every later one shadows, then takes its shares.
2. One rollout at a time. A version accepted meanwhile waits in a queue of one, where the newest
   wins; it begins when the rollout has ended. A watch after a promotion does not make it wait:
   the watch ends, because the newer version was judged against the newer champion.
3. A window moves a rollout forward only when its cohort of labels has been heard as well, so
   that the order in which the two arrive decides nothing. Without any cohort ever, windows do.
4. Bad takes the weight to zero whenever it is seen: held, paused or not.
5. No challenger gets weight while Git owes the change that announces it, whoever orders it.
6. A digest that was taken back never serves again until a person lifts that.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from evermodel.common.kernel.stream_time import in_stream
from evermodel.deployer.domain import admission, intake, orders, retreat, statements
from evermodel.deployer.domain.assessment import assess
from evermodel.deployer.domain.evidence import Cohort, Window
from evermodel.deployer.domain.happenings import (
    Accepted,
    Context,
    Happening,
    Matured,
    Ordered,
    Overtaken,
    ServingFailed,
    Step,
    WindowClosed,
)
from evermodel.deployer.domain.lifecycle import Lifecycle, NoModel, Watching
from evermodel.deployer.domain.policy import Policy
from evermodel.deployer.domain.release import Release

Outcome = tuple[Lifecycle, tuple[Step, ...]]


def advance(state: Lifecycle, happening: Happening, *, context: Context, policy: Policy) -> Outcome:
    """Return the state after `happening` and the steps to publish.

    Raises:
        Refused: an order to a model that serves nothing.
    """
    context = replace(context, now=_event_time(state, happening, context, policy))
    match happening:
        case Accepted(release=release):
            return _accepted(state, release, context, policy)
        case WindowClosed(window=window):
            return _window_closed(state, window, context, policy)
        case Matured(cohort=cohort):
            return _matured(state, cohort, context, policy)
        case ServingFailed():
            return _serving_failed(state, happening, context, policy)
        case Ordered():
            return orders.obey(state, happening, context=context, policy=policy)
        case Overtaken(desired=desired):
            return _overtaken(state, desired, context, policy)
        case never:
            assert_never(never)


def _event_time(
    state: Lifecycle, happening: Happening, context: Context, policy: Policy
) -> datetime:
    """Return the stream's time, which the windows tell.

    A training takes a while, so its verdict's time may lie behind the stream; a person's order
    carries the wall's time, which may lie years ahead of a history that is played back.
    """
    if isinstance(happening, WindowClosed):
        return happening.window.end
    until = state.windows_until
    if until is None:
        return context.now
    return max(in_stream(context.now, told=until, window=policy.window), until)


def _accepted(state: Lifecycle, release: Release, context: Context, policy: Policy) -> Outcome:
    if isinstance(state.phase, NoModel):
        return admission.bootstrap(state, release, context=context, policy=policy)
    return admission.offer(state, release, context=context, policy=policy)


def _window_closed(state: Lifecycle, window: Window, context: Context, policy: Policy) -> Outcome:
    if state.windows_until is not None and window.end <= state.windows_until:
        return state, ()
    state = intake.with_window(replace(state, windows_until=window.end), window)
    ready = tuple(c for c in state.early if c.time <= window.end)
    state = replace(state, early=tuple(c for c in state.early if c.time > window.end))
    state, steps = assess(state, context=context, policy=policy)
    for cohort in ready:
        state, more = _matured(state, cohort, context, policy)
        steps += more
    return state, steps


def _matured(state: Lifecycle, cohort: Cohort, context: Context, policy: Policy) -> Outcome:
    if state.outcomes_until is not None and cohort.time <= state.outcomes_until:
        return state, ()
    if state.windows_until is not None and cohort.time > state.windows_until:
        if any(c.time == cohort.time for c in state.early):
            return state, ()
        return replace(state, early=(*state.early, cohort)), ()
    state = intake.with_cohort(replace(state, outcomes_until=cohort.time), cohort)
    return assess(state, context=context, policy=policy)


def _serving_failed(
    state: Lifecycle, failure: ServingFailed, context: Context, policy: Policy
) -> Outcome:
    judgement = statements.verdict(f"v{failure.version} cannot be served: {failure.reason}")
    rollout = state.rollout
    if rollout is not None and rollout.challenger.version == failure.version:
        return retreat.abort(state, judgement=judgement, context=context)
    watch = state.phase
    if isinstance(watch, Watching) and watch.champion.version == failure.version:
        return retreat.roll_back(state, judgement=judgement, context=context, policy=policy)
    return state, ()


def _overtaken(state: Lifecycle, desired: int, context: Context, policy: Policy) -> Outcome:
    """Give way to whoever wrote another version: nobody proved this one bad."""
    state = replace(state, owed=(), desired=desired)
    if state.rollout is None:
        return state, ()
    judgement = statements.verdict(f"Git wants v{desired}, which somebody else wrote")
    return retreat.abort(state, judgement=judgement, context=context, blame=False, write=False)
