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

    window: Span
    episode_id: EpisodeId
    cause: Cause
    severity: Severity
    onset: Time = Field(description="Start of the first window of this episode that was flagged.")
    features: tuple[str, ...] = Field(description="The features flagged in this window.")
    rows: Count
    reference_id: ReferenceId | None
    champion: Version | None
    policy: str = Field(description="Version of the rule and digest of its parameters.")
    reason: Text = Field(description="The verdict in one sentence.")
    evidence: tuple[FeatureEvidence, ...] = ()
    prediction: PredictionEvidence | None = None
    performance: tuple[PerformanceEvidence, ...] = ()
    failures: tuple[QualityFailure, ...] = ()
    lake: tuple[str, ...] = Field(
        default=(), description="Files, relative to the lake's root; of very many the last."
    )
