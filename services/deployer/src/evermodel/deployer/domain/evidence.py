"""What has been counted about two versions since a rollout, and since its step, began.

Owns addition. Must never judge: see ``judge``.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from evermodel.common.events.windows import ENTITY_GROUPS, SCORE_BINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One version's answers to some rows; `histogram` bins its scores over [0, 1]."""

    rows: int = 0
    failed: int = 0
    alerts: int = 0
    histogram: tuple[int, ...] = (0,) * SCORE_BINS

    def __add__(self, other: Self) -> "Tally":
        return Tally(
            rows=self.rows + other.rows,
            failed=self.failed + other.failed,
            alerts=self.alerts + other.alerts,
            histogram=_sums(self.histogram, other.histogram),
        )

    @property
    def answered(self) -> int:
        """Rows that got a score."""
        return sum(self.histogram)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Rows both scored: where one alerts alone, and how far apart their scores lie.

    `group_gaps`: sums of the challenger's rungs of log-odds less the champion's, `group_spreads`:
    of their distances; by group of entities, as `group_rows` (see ``PairedCounts``).
    """

    rows: int = 0
    champion_alone: int = 0
    challenger_alone: int = 0
    group_rows: tuple[int, ...] = (0,) * ENTITY_GROUPS
    group_gaps: tuple[int, ...] = (0,) * ENTITY_GROUPS
    group_spreads: tuple[int, ...] = (0,) * ENTITY_GROUPS

    def __add__(self, other: Self) -> "Agreement":
        return Agreement(
            rows=self.rows + other.rows,
            champion_alone=self.champion_alone + other.champion_alone,
            challenger_alone=self.challenger_alone + other.challenger_alone,
            group_rows=_sums(self.group_rows, other.group_rows),
            group_gaps=_sums(self.group_gaps, other.group_gaps),
            group_spreads=_sums(self.group_spreads, other.group_spreads),
        )


def _sums(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both versions' answers to the very same rows."""

    champion: Tally = Tally()
    challenger: Tally = Tally()
    agreement: Agreement = Agreement()

    def __add__(self, other: Self) -> "Pair":
        return Pair(
            champion=self.champion + other.champion,
            challenger=self.challenger + other.challenger,
            agreement=self.agreement + other.agreement,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Rows by who decided them. Entities are assigned by a hash: the two groups are alike."""

    by_champion: Pair = Pair()
    by_challenger: Pair = Pair()

    def __add__(self, other: Self) -> "Served":
        return Served(
            by_champion=self.by_champion + other.by_champion,
            by_challenger=self.by_challenger + other.by_challenger,
        )

    @property
    def challenger_failed(self) -> tuple[int, int]:
        """Rows the challenger could not answer, and rows it was asked."""
        both = self.by_champion.challenger + self.by_challenger.challenger
        return both.failed, max(both.rows, both.failed + both.answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Labelled rows on which exactly one of two versions raised the alert."""

    frauds: int = 0
    frauds_champion_only: int = 0
    frauds_challenger_only: int = 0
    genuine_champion_only: int = 0
    genuine_challenger_only: int = 0

    def __add__(self, other: Self) -> "Outcomes":
        return Outcomes(
            frauds=self.frauds + other.frauds,
            frauds_champion_only=self.frauds_champion_only + other.frauds_champion_only,
            frauds_challenger_only=self.frauds_challenger_only + other.frauds_challenger_only,
            genuine_champion_only=self.genuine_champion_only + other.genuine_champion_only,
            genuine_challenger_only=self.genuine_challenger_only + other.genuine_challenger_only,
        )

    def turned(self) -> "Outcomes":
        """Return the same counts with the two versions' parts swapped."""
        return Outcomes(
            frauds=self.frauds,
            frauds_champion_only=self.frauds_challenger_only,
            frauds_challenger_only=self.frauds_champion_only,
            genuine_champion_only=self.genuine_challenger_only,
            genuine_challenger_only=self.genuine_champion_only,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The outcomes of two versions on the same labelled rows; `left` is in the champion's part."""

    left: int
    right: int
    outcomes: Outcomes

    def seen_as(self, *, champion: int, challenger: int) -> Outcomes | None:
        """Return the outcomes with these two in their parts, or None when it is about others."""
        if (self.left, self.right) == (champion, challenger):
            return self.outcomes
        if (self.left, self.right) == (challenger, champion):
            return self.outcomes.turned()
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The labels of the payments up to `end` that have matured by `time`."""

    time: datetime
    pairings: tuple[Pairing, ...]
    end: datetime | None = None

    def outcomes_of(self, *, champion: int, challenger: int) -> Outcomes:
        """Return what this cohort says about these two versions."""
        found = (p.seen_as(champion=champion, challenger=challenger) for p in self.pairings)
        return sum((outcomes for outcomes in found if outcomes is not None), start=Outcomes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What `version` answered to the rows that `decided_by` decided."""

    decided_by: int
    version: int
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCell:
    """How far two versions agreed on the rows that `decided_by` decided; the newer challenges."""

    decided_by: int
    older: int
    newer: int
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One closed window's serving counters. `sound`: the input passed its quality checks."""

    end: datetime
    sound: bool
    cells: tuple[Cell, ...]
    pairs: tuple[PairCell, ...] = ()

    def served(self, *, champion: int, challenger: int) -> Served:
        """Return the rows these two versions both scored, by which of them decided."""
        return Served(
            by_champion=self._pair(champion, champion=champion, challenger=challenger),
            by_challenger=self._pair(challenger, champion=champion, challenger=challenger),
        )

    def _pair(self, decided_by: int, *, champion: int, challenger: int) -> Pair:
        left, right = self._tally(decided_by, champion), self._tally(decided_by, challenger)
        wanted = (decided_by, champion, challenger)
        found = (p.agreement for p in self.pairs if (p.decided_by, p.older, p.newer) == wanted)
        return Pair(champion=left, challenger=right, agreement=sum(found, start=Agreement()))

    def _tally(self, decided_by: int, version: int) -> Tally:
        wanted = (decided_by, version)
        tallies = (c.tally for c in self.cells if (c.decided_by, c.version) == wanted)
        return sum(tallies, start=Tally())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything held for and against a challenger. `earlier`: the rows of each step before."""

    step: Served = field(default_factory=Served)
    earlier: tuple[Served, ...] = ()
    outcomes: Outcomes = field(default_factory=Outcomes)

    @property
    def strata(self) -> tuple[Served, ...]:
        """The rows of every step: within one the challenger's share does not change."""
        return (*self.earlier, self.step)

    @property
    def total(self) -> Served:
        """All rows since the rollout began."""
        return sum(self.strata, start=Served())

    def with_served(self, served: Served) -> "Evidence":
        """Return this plus one window's rows."""
        return replace(self, step=self.step + served)

    def with_outcomes(self, outcomes: Outcomes) -> "Evidence":
        """Return this plus one cohort's labels."""
        return replace(self, outcomes=self.outcomes + outcomes)

    def next_step(self) -> "Evidence":
        """Return this with nothing counted on the step yet."""
        return replace(self, step=Served(), earlier=self.strata)
