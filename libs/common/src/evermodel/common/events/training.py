"""What a training made, or why it made nothing."""

from typing import ClassVar, Literal

from pydantic import Field

from evermodel.common.events.drift import Cause
from evermodel.common.events.payload import (
    Count,
    Digest,
    Payload,
    Ratio,
    Span,
    Text,
    Value,
    Version,
)
from evermodel.common.kernel.ids import EventId, ReferenceId


class Metric(Value):
    """A figure with its interval; `n` is what it was computed on."""

    name: str
    value: float
    lower: float | None = None
    upper: float | None = None
    n: Count = 0


class Artefact(Value):
    """A trained model as a thing that can be fetched, checked and served."""

    uri: str = Field(description="Where the bundle lies, e.g. runs:/<id>/bundle.")
    digest: Digest
    threshold: Ratio
    reference_id: ReferenceId


class ModelTrained(Payload):
    """A training ended."""

    TYPE: ClassVar[str] = "evermodel.model.trained.v1"

    outcome: Literal["trained", "failed"] = Field(
        description="Whether there is a model now. A failed training is not tried again."
    )
    reason: Text = Field(description="Why it was trained, or why it failed.")
    caused_by: EventId = Field(description="The drift event or command that asked for it.")
    cause: Cause | None = Field(
        default=None,
        description="Cause of the drift event that asked for it; null for a command. With "
        "performance the champion is proved broken, and a candidate must be better.",
    )
    champion: Version | None = Field(description="The version serving when it was asked for.")
    run_id: str | None = Field(default=None, description="The run in MLflow; null where it failed.")
    artefact: Artefact | None = Field(default=None, description="The model; null where it failed.")
    holdout_uri: str | None = Field(default=None, description="The hold-out rows, as Parquet.")
    data: Span | None = Field(default=None, description="Event time of the rows used.")
    rows: Count = Field(default=0, description="Labelled rows used, hold-out included.")
    frauds: Count = Field(default=0, description="How many of them are frauds.")
    dataset_digest: Digest | None = Field(
        default=None,
        description="Of every value of these rows, in order: equal digests, equal data.",
    )
    seed: int = Field(default=0, description="`training.seed` of the description.")
    code_version: str = Field(
        default="", description="Version of the trainer that made it; empty where it failed."
    )
    metrics: tuple[Metric, ...] = Field(
        default=(), description="Figures on the hold-out, with their intervals."
    )
