"""Scores joined with labels of one age: the only evidence on what a version catches."""

from typing import ClassVar

from pydantic import Field

from evermodel.common.events.payload import Count, Payload, Span, Time, Value, Version


class VersionOutcomes(Value):
    """One version's confusion counts over every labelled row it scored."""

    version: Version
    true_positives: Count
    false_positives: Count
    false_negatives: Count
    true_negatives: Count
    fraud_scores: tuple[Count, ...] = Field(description="20 equal score bins, frauds.")
    genuine_scores: tuple[Count, ...] = Field(description="20 equal score bins, genuine.")


class PairedOutcomes(Value):
    """Two versions on the same labelled rows; the discordant counts carry the evidence."""

    champion: Version
    challenger: Version
    frauds_both: Count
    frauds_champion_only: Count
    frauds_challenger_only: Count
    frauds_neither: Count
    genuine_both: Count
    genuine_champion_only: Count
    genuine_challenger_only: Count
    genuine_neither: Count


class OutcomesMatured(Payload):
    """The labels of one cohort window have reached the model's label age."""

    TYPE: ClassVar[str] = "evermodel.outcomes.matured.v1"

    cohort: Span
    known_until: Time = Field(description="Labels known before this were joined.")
    label_age_seconds: float = Field(ge=0)
    rows: Count
    labelled: Count
    frauds: Count
    versions: tuple[VersionOutcomes, ...] = ()
    paired: tuple[PairedOutcomes, ...] = ()
    quality_failed: bool = Field(
        default=False, description="The cohort's window failed quality: keep it out of learning."
    )
