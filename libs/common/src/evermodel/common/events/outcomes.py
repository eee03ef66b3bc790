"""Scores joined with labels of one age: the only evidence on what a version catches."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

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

    cohort: Span = Field(description="Event time of the payments whose labels have matured.")
    known_until: Time = Field(description="Labels known before this were joined.")
    label_age_seconds: float = Field(
        ge=0, description="How long labels were given: `stream.label_delay`."
    )
    rows: Count = Field(description="Payments of the cohort, with a label or without.")
    labelled: Count = Field(description="Those whose label was known in time.")
    frauds: Count = Field(description="Those labelled fraud.")
    versions: tuple[VersionOutcomes, ...] = Field(
        default=(), description="By each version that scored any of them."
    )
    paired: tuple[PairedOutcomes, ...] = Field(
        default=(), description="Champion and another version on the rows that both scored."
    )
    quality_failed: bool = Field(
        default=False, description="The cohort's window failed quality: keep it out of learning."
    )

    @model_validator(mode="after")
    def _known_after_the_payments(self) -> Self:
        if self.cohort.end > self.known_until:
            raise ValueError("labels cannot be known before the payments that they are of")
        return self
