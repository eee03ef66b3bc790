"""What a window or a cohort adds to the evidence on the two versions that are compared.

Must never judge, and never count twice: a window that ended before the step began is not of it.
"""

from collections.abc import Callable
from dataclasses import replace

from evermodel.deployer.domain.evidence import Cohort, Evidence, Outcomes, Window
from evermodel.deployer.domain.lifecycle import (
    Held,
    Lifecycle,
    NoModel,
    RollingOut,
    Stable,
    Watching,
)


def with_window(state: Lifecycle, window: Window) -> Lifecycle:
    """Take a window in, unless its input was broken: that is no version's fault."""
    pair = _compared(state)
    if pair is None or not window.sound:
        return state
    champion, challenger = pair
    served = window.served(champion=champion, challenger=challenger)
    match state.phase:
        case RollingOut(entered=entered) | Held(rollout=RollingOut(entered=entered)):
            if window.end <= entered:
                return state
        case _:
            pass
    return _with_evidence(state, lambda evidence: evidence.with_served(served))


def with_cohort(state: Lifecycle, cohort: Cohort) -> Lifecycle:
    """Take in what a cohort's labels say about the two versions that are compared."""
    known = state.cohorts_until
    if cohort.end is not None and known is not None and cohort.end <= known:
        return state
    state = replace(state, cohorts_until=cohort.end or known)
    pair = _compared(state)
    if pair is None:
        return state
    outcomes = cohort.outcomes_of(champion=pair[0], challenger=pair[1])
    if outcomes == Outcomes():
        return state
    return _with_evidence(state, lambda evidence: evidence.with_outcomes(outcomes))


def _compared(state: Lifecycle) -> tuple[int, int] | None:
    match state.phase:
        case NoModel() | Stable():
            return None
        case Watching(champion=champion, former=former):
            return former.version, champion.version
        case RollingOut(champion=champion, challenger=challenger):
            return champion.version, challenger.version
        case Held(rollout=rollout):
            return rollout.champion.version, rollout.challenger.version


def _with_evidence(state: Lifecycle, add: Callable[[Evidence], Evidence]) -> Lifecycle:
    """Return the state with more evidence on its two versions."""
    match state.phase:
        case RollingOut() | Watching() as phase:
            return replace(state, phase=replace(phase, evidence=add(phase.evidence)))
        case Held(rollout=rollout) as held:
            rollout = replace(rollout, evidence=add(rollout.evidence))
            return replace(state, phase=replace(held, rollout=rollout))
        case _:
            return state
