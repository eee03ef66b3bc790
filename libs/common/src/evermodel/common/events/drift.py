"""The detector's verdict, with every number it rests on."""

from typing import ClassVar, Literal

from pydantic import Field

from evermodel.common.events.payload import Count, Payload, Ratio, Span, Text, Time, Value, Version
from evermodel.common.events.windows import QualityFailure
from evermodel.common.kernel.ids import EpisodeId, ReferenceId

Cause = Literal["feature", "prediction", "performance", "quality"]
Severity = Literal["watch", "retrain", "cleared"]


class FeatureEvidence(Value):
    """How far one feature moved, and what it took to say so."""

    feature: str
    kind: Literal["continuous", "categorical", "flag"]
    effect: Ratio = Field(description="D (continuous) or total variation (categorical).")
    gate: float = Field(description="The effect size from which this feature is flagged.")
    p_value: Ratio
    significant: bool = Field(description="Rejected by Benjamini-Hochberg at the policy's q.")
    flagged: bool
    consecutive: Count = Field(description="Windows in a row that flagged it, this one included.")


class PredictionEvidence(Value):
    """The alert-rate channel: a standardised two-sided CUSUM."""

    alert_rate: Ratio
    expected: Ratio
    z: float
    cusum_up: float
    cusum_down: float
    bound: float


class PerformanceEvidence(Value):
    """The outcome channel: a time-uniform bound against the champion's promise."""

    metric: Literal["recall", "precision"]
    promised: Ratio
    observed: Ratio
    upper: Ratio = Field(description="Time-uniform upper bound of the observed metric.")
    n: Count


class DriftDetected(Payload):
    """A verdict on one closed window; one episode from first flag to ``cleared``."""

    TYPE: ClassVar[str] = "evermodel.drift.detected.v1"

    window: Span = Field(description="The window that was judged, in event time.")
    episode_id: EpisodeId = Field(
        description="The same in every verdict from the first flag to `cleared`."
    )
    cause: Cause = Field(
        description="The channel that speaks: inputs, alert rate, outcomes, or broken data."
    )
    severity: Severity = Field(
        description="`watch`: not sure yet. `retrain`: it is real. `cleared`: it is over."
    )
    onset: Time = Field(description="Start of the first window of this episode that was flagged.")
    features: tuple[str, ...] = Field(description="The features flagged in this window.")
    rows: Count = Field(
        description="Rows that were judged; too small a window is judged with the next."
    )
    reference_id: ReferenceId | None = Field(
        description="The reference that was compared with; null: there is none yet."
    )
    champion: Version | None = Field(
        description="The version whose reference that is; null: none serves."
    )
    policy: str = Field(description="Version of the rule and digest of its parameters.")
    reason: Text = Field(description="The verdict in one sentence.")
    evidence: tuple[FeatureEvidence, ...] = Field(
        default=(), description="Of each feature, flagged or not."
    )
    prediction: PredictionEvidence | None = Field(
        default=None, description="Of the alert rate; null: it could not be judged."
    )
    performance: tuple[PerformanceEvidence, ...] = Field(
        default=(), description="Of recall and precision, where labels allow it."
    )
    failures: tuple[QualityFailure, ...] = Field(
        default=(), description="Checks of the input that did not hold; empty: sound."
    )
    lake: tuple[str, ...] = Field(
        default=(),
        description="Files with the rows judged, from the lake's root on; of very many the last.",
    )
