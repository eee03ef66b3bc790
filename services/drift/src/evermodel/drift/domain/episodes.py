"""Steps 5 and 8: from a window's signals to one verdict, and one episode from flag to clear.

    flagged ─▶ watch ─▶ again ─▶ retrain ─▶ (silence while it lasts) ─▶ quiet, quiet ─▶ cleared
                                   └ again only after the cool-down, with new labels, and
                                     while no rollout is under way

Quality has episodes of its own, which never lead to a retrain.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evermodel.common.events.drift import Cause, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The parameters of step 8. `cool_down` is at least the labels' delay."""

    persistence: int
    cool_down: timedelta
    cohorts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """`quiet`: windows in a row without a signal. `retrain_at`: of its last retrain verdict."""

    name: str
    cause: Cause
    onset: datetime
    retrain_at: datetime | None = None
    quiet: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the policy remembers: over all episodes, and of the one that is open."""

    episode: Episode | None = None
    retrain_at: datetime | None = None
    cohorts_since: int = 0
    rolling_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a window (or a matured cohort: `window` false) says."""

    start: datetime
    now: datetime
    flagged: bool
    persistent: bool
    prediction: bool
    performance: bool
    window: bool = True

    @property
    def alarm(self) -> bool:
        """Whether any of steps 5, 6 and 7 asks for a retrain."""
        return self.persistent or self.prediction or self.performance

    @property
    def cause(self) -> Cause:
        """The strongest: outcomes are proof, features a sign."""
        if self.performance:
            return "performance"
        return "prediction" if self.prediction and not self.persistent else "feature"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict to give out."""

    severity: Severity
    cause: Cause
    episode: Episode
    why: str


def decide(history: History, signal: Signal, policy: Policy) -> tuple[History, Ruling | None]:
    """Return what is remembered after `signal`, and the verdict it leads to, if any."""
    if not (signal.flagged or signal.alarm):
        return _quiet(history, signal, policy)
    known = history.episode
    episode = replace(known, quiet=0) if known else _opened(signal)
    history = replace(history, episode=episode)
    if signal.alarm and may_retrain(history, signal.now, policy):
        episode = replace(episode, retrain_at=signal.now, cause=signal.cause)
        history = replace(history, episode=episode, retrain_at=signal.now, cohorts_since=0)
        return history, Ruling("retrain", signal.cause, episode, "the change persists")
    if known is None:
        why = "a first sign" if not signal.alarm else "a retrain waits for its cool-down"
        return history, Ruling("watch", signal.cause, episode, why)
    return history, None


def may_retrain(history: History, now: datetime, policy: Policy) -> bool:
    """Return whether a retrain may be asked for now."""
    if history.rolling_out:
        return False
    if history.retrain_at is not None and now - history.retrain_at < policy.cool_down:
        return False
    repeated = history.episode is not None and history.episode.retrain_at is not None
    return not repeated or history.cohorts_since >= policy.cohorts


def end(history: History, why: str) -> tuple[History, Ruling | None]:
    """Return the history without its episode, and the word that it is over."""
    if history.episode is None:
        return history, None
    ruling = Ruling("cleared", history.episode.cause, history.episode, why)
    return replace(history, episode=None), ruling


def _opened(signal: Signal) -> Episode:
    return Episode(name=signal.start.isoformat(), cause=signal.cause, onset=signal.start)


def _quiet(history: History, signal: Signal, policy: Policy) -> tuple[History, Ruling | None]:
    if history.episode is None or not signal.window:
        return history, None
    episode = replace(history.episode, quiet=history.episode.quiet + 1)
    if episode.quiet >= policy.persistence:
        return end(history, f"quiet for {episode.quiet} windows")
    return replace(history, episode=episode), None
