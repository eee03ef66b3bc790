"""Where one model's rollout stands. Illegal states cannot be built.

    NoModel ──accepted──▶ Stable ──accepted──▶ RollingOut(0 = shadow, 1, 2, …)
                            ▲                     │  │  └─patience─▶ Held ──resume──▶ RollingOut
                            │◀──────bad───────────┘  │last step            └─bad─▶ Stable
                            │                        ▼
                            └──horizon or bad── Watching

Owns the states. Must never decide: see ``machine``.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from evermodel.deployer.domain.changes import Change
from evermodel.deployer.domain.evidence import Cohort, Evidence
from evermodel.deployer.domain.release import Release, Share, shares, watched


@dataclass(frozen=True, slots=True, kw_only=True)
class NoModel:
    """Nothing was ever accepted."""

    kind: Literal["no_model"] = "no_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stable:
    """One version serves, and nothing is in progress."""

    champion: Release
    kind: Literal["stable"] = "stable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingOut:
    """A challenger shadows (step 0) or decides its share.

    `entered`: event time at which this step began. `patient_since`: from when the patience of
    the policy counts; a person who resumes starts it anew.
    """

    champion: Release
    challenger: Release
    step: int
    weight: int
    entered: datetime
    patient_since: datetime
    evidence: Evidence = field(default_factory=Evidence)
    kind: Literal["rolling_out"] = "rolling_out"

    def __post_init__(self) -> None:
        if self.challenger.version <= self.champion.version:
            raise ValueError("a challenger is newer than its champion")
        if self.step < 0 or not 0 <= self.weight < 100 or (self.step == 0) != (self.weight == 0):
            raise ValueError(f"step {self.step} with {self.weight} percent is no rollout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A rollout that waits for a person. Its share stays, and bad evidence still ends it."""

    rollout: RollingOut
    why: str
    kind: Literal["held"] = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Promoted; the former champion shadows until the label horizon has passed.

    In `evidence` the former champion keeps the champion's part and the new one the challenger's.
    """

    champion: Release
    former: Release
    since: datetime
    evidence: Evidence
    kind: Literal["watching"] = "watching"


Phase = NoModel | Stable | RollingOut | Held | Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A digest that was taken back. Its release is kept so that a person can let it try again."""

    release: Release
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """Everything the deployer knows about one model.

    `waiting`: a queue of one, the newest version accepted meanwhile. `owed`: the changes that
    Git has not taken yet, in order; until then no challenger gets more weight. `desired`: what
    Git said last. `windows_until` and `outcomes_until`: event time up to which evidence has been
    taken in, so that nothing counts twice; `cohorts_until`: up to which payments, for with another
    label age their labels mature again. `early`: cohorts that arrived before their window did.
    """

    model: str
    phase: Phase = field(default_factory=NoModel)
    waiting: Release | None = None
    paused: bool = False
    quarantine: tuple[Quarantined, ...] = ()
    owed: tuple[Change, ...] = ()
    desired: int | None = None
    windows_until: datetime | None = None
    outcomes_until: datetime | None = None
    cohorts_until: datetime | None = None
    early: tuple[Cohort, ...] = ()

    def __post_init__(self) -> None:
        held = {q.release.digest for q in self.quarantine}
        if any(share.release.digest in held for share in self.in_play):
            raise ValueError("a quarantined digest is in play")

    @property
    def rollout(self) -> RollingOut | None:
        """The rollout in progress, held or not."""
        match self.phase:
            case RollingOut():
                return self.phase
            case Held(rollout=rollout):
                return rollout
            case _:
                return None

    @property
    def champion(self) -> Release | None:
        """The version that is stable."""
        match self.phase:
            case NoModel():
                return None
            case Held(rollout=rollout):
                return rollout.champion
            case phase:
                return phase.champion

    @property
    def in_play(self) -> tuple[Share, ...]:
        """Who serves, in which share; the weights sum to 100 as soon as anything serves."""
        match self.phase:
            case NoModel():
                return ()
            case Stable(champion=champion):
                return shares(champion)
            case Watching(champion=champion, former=former):
                return watched(champion, former=former)
            case RollingOut() as rollout:
                pass
            case Held(rollout=rollout):
                pass
        return shares(rollout.champion, challenger=rollout.challenger, weight=rollout.weight)

    def quarantines(self, digest: str) -> bool:
        """Return whether this artefact was taken back."""
        return any(q.release.digest == digest for q in self.quarantine)
