"""The data plane: payments, their scores, their labels, and the watermarks between them.

These are the public forms, as an upstream system writes them. The services' hot paths decode
the same JSON into columns; a test holds the two to each other.
"""

from typing import ClassVar, Literal

from pydantic import Field

from evermodel.common.events.payload import Payload, Ratio, Text, Time, Value, Version
from evermodel.common.kernel.ids import ReferenceId

Feature = float | int | bool | str | None


class Watermark(Payload):
    """No row of this partition that follows is older than `time`.

    Optional for an upstream system: without it the newest event time less the model's lateness
    serves. With it a finite history closes its last window, and two runs close alike.
    """

    TYPE: ClassVar[str] = "evermodel.watermark.v1"

    time: Time = Field(description="Event time up to which this partition is complete.")


class ScoredTransaction(Payload):
    """One payment, what every loaded version thought of it, and what was done."""

    TYPE: ClassVar[str] = "evermodel.transaction.scored.v1"

    id: str = Field(min_length=1, description="Unique; labels name it.")
    entity: str = Field(description="The card or customer; decides the sticky assignment.")
    time: Time = Field(description="Event time: when the payment was made.")
    features: dict[str, Feature] = Field(description="Raw inputs, by column; null is a value.")
    scores: dict[str, Ratio] = Field(
        default_factory=dict, description="Fraud probability by version number."
    )
    alerts: dict[str, bool] = Field(
        default_factory=dict, description="Whether each version's threshold was reached."
    )
    failed: tuple[str, ...] = Field(
        default=(), description="Versions that were asked and gave no usable answer."
    )
    decided_by: Version | None = Field(
        default=None, description="The version whose answer was used; null before the first model."
    )
    decision: Literal["alert", "pass", "unscored"] = Field(
        default="unscored",
        description="What was done; `unscored`: no version answered, and the payment passed.",
    )
    propensity: Ratio = Field(
        default=1.0, description="Chance that an entity drawn at random got this version."
    )
    reference: ReferenceId | None = Field(
        default=None, description="Drift reference of the champion when this was scored."
    )


class Label(Payload):
    """What a transaction turned out to be."""

    TYPE: ClassVar[str] = "evermodel.transaction.labelled.v1"

    id: str = Field(min_length=1, description="The transaction's id.")
    label: Literal[0, 1] = Field(description="1: fraud.")
    known_at: Time = Field(
        description="Event time from which it was known: nothing earlier may learn from it."
    )
    source: str = Field(default="analyst", description="analyst, chargeback, holdback, …")


class ServedVersion(Value):
    """The state of one version in one scorer."""

    version: Version
    state: Literal["ready", "failed"]
    reason: Text = ""


class ServingApplied(Payload):
    """A scorer replica took over a rollout step, or could not."""

    TYPE: ClassVar[str] = "evermodel.serving.applied.v1"

    replica: str = Field(description="The scorer's `EVERMODEL_INSTANCE`.")
    step_event_id: str = Field(description="Id of the rollout.step event that it answers.")
    versions: tuple[ServedVersion, ...] = Field(
        description="What became of each; left out: it could not be had yet."
    )
