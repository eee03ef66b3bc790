"""What an evaluation found out about a candidate, as plain numbers.

Owns the form of the evidence. Must never judge it: that is ``gates``.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """One version at its own threshold on the labelled hold-out."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def rows(self) -> int:
        """Labelled rows."""
        return self.frauds + self.false_positives + self.true_negatives

    @property
    def frauds(self) -> int:
        """Rows labelled fraud."""
        return self.true_positives + self.false_negatives

    @property
    def alerts(self) -> int:
        """Rows the version alerts."""
        return self.true_positives + self.false_positives


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Frauds by who catches them when both versions may raise equally many alerts."""

    both: int
    gained: int
    lost: int
    neither: int

    @property
    def frauds(self) -> int:
        """All frauds compared."""
        return self.both + self.gained + self.lost + self.neither


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The paired frauds of one part of the rows."""

    column: str
    level: str
    paired: Paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Candidate and champion on the same rows.

    `paired` and `slices` grant the champion the candidate's number of alerts, so that a
    champion that drift makes alert ten times as often earns nothing by it. `champion` is how
    it does at its own threshold.
    """

    champion: Confusion
    paired: Paired
    slices: tuple[Slice, ...] = ()


@dataclass(frozen=True, slots=True)
class NoComparison:
    """There is no champion, or it could not be loaded."""

    reason: str
    champion_expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The candidate loaded and scored the hold-out.

    `signature_problem` is empty when inputs and outputs are as described. `parity` is the
    largest difference from the scores given at training, None when those were not kept.
    `latency_ms`: None when there was no row to make a batch of.
    """

    signature_problem: str
    parity: float | None
    latency_ms: float | None
    candidate: Confusion
    comparison: Comparison | NoComparison


@dataclass(frozen=True, slots=True)
class Unloadable:
    """The candidate's artefact is wrong: its digest, its form or its signature."""

    problem: str


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """The evaluation itself did not end well, which says nothing about the candidate."""

    problem: str


Evaluation = Evaluated | Unloadable | NotEvaluated
