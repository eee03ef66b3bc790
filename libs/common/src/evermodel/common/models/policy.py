"""The policy of every stage: how the stream is cut, judged, learned from and rolled out.

Owns these tables of ``model.toml`` and what holds inside of one. Every key has a default.
"""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from evermodel.common.models.values import Chance, Duration, Section, Share, SomeTime


class WindowsSection(Section):
    """How the stream is cut."""

    length: SomeTime = Field(
        default=timedelta(days=1), description="Drift, steps and outcomes are judged by these."
    )
    lateness: Duration = Field(
        default=timedelta(0), description="How long after its end a window still takes rows."
    )
    min_rows: int = Field(
        default=5000, ge=1, description="Fewer rows are merged with the next window."
    )
    season: Literal["weekday", "none"] = Field(
        default="weekday", description="Compare a window with its own weekday's reference."
    )


class DriftSection(Section):
    """The detector's rule (docs/architecture/drift.md)."""

    min_effect: Share = Field(
        default=0.05, description="Smallest difference in probability worth a retrain."
    )
    false_discovery_rate: Chance = Field(
        default=0.01, description="Of the features called drifted, the share that may be wrong."
    )
    history_quantile: Chance = Field(
        default=0.99, description="Quantile of past clean windows' largest standardised effect."
    )
    persistence: int = Field(default=2, ge=1, description="Windows in a row that make a drift.")
    alert_rate_slack: float = Field(default=0.5, description="CUSUM k, in standard deviations.")
    alert_rate_bound: float = Field(default=8.0, description="CUSUM h, in standard deviations.")
    performance_alpha: Chance = Field(
        default=0.01, description="Error of the time-uniform bound on recall and precision."
    )
    performance_margin: Share = Field(
        default=0.10, description="How far below its promise a champion may fall."
    )
    max_nulls: Share = Field(default=0.5, description="Null share that fails any column.")
    null_jump: Share = Field(
        default=0.10,
        description="Null share above the worst training window's that fails a column without "
        "quality.<column>.nulls: more is an outage, not a habit.",
    )
    max_outside: Share = Field(
        default=0.001,
        description="Share of rows outside of quality.<column>.min and max that a window survives: "
        "a few typing errors.",
    )
    max_unseen: Share = Field(
        default=0.5,
        description="Share of rows with levels the champion never saw that fails a column without "
        "quality.<column>.unseen.",
    )
    volume_ratio: float = Field(
        default=4.0, gt=1, description="Rows over or under the reference's by this factor fail."
    )
    cool_down: Duration = Field(
        default=timedelta(days=7), description="After a retrain verdict, at least label_delay."
    )


class TrainingSection(Section):
    """What is learned from, and how."""

    window: SomeTime = Field(
        default=timedelta(days=28), description="How far back is learned from."
    )
    calibration: Duration = Field(default=timedelta(days=5), description="For the threshold.")
    holdout: Duration = Field(default=timedelta(days=7), description="For the gates.")
    regime: Duration = Field(
        default=timedelta(days=3),
        description="After a drift, wait for labels of this much of the new regime. A model "
        "trained only on days before the change would learn nothing about it.",
    )
    seed: int = Field(
        default=7,
        description="Of the first weights, the order of the rows and what dropout leaves out: the "
        "same data, seed and threads make the same model.",
    )
    epochs: int = Field(
        default=12,
        ge=1,
        description="Times every row is learned from. The learning rate falls to nought over them.",
    )
    batch_size: int = Field(
        default=512,
        ge=1,
        description="Rows per step. Of few rows smaller steps are made, 32 at the least, so that "
        "an epoch has about a hundred.",
    )
    hidden: tuple[int, ...] = Field(
        default=(256, 256), description="Units of each hidden layer, from the inputs on."
    )
    dropout: Share = Field(
        default=0.1,
        description="Share of each hidden layer's units left out at a step, so that none is "
        "relied on alone; 0: none.",
    )
    learning_rate: float = Field(
        default=2e-3,
        gt=0,
        description="Of the first step (AdamW); it falls along a cosine. A larger one may diverge.",
    )
    weight_decay: float = Field(
        default=1e-4,
        ge=0,
        description="AdamW's pull of the weights towards nought at each step, times the learning "
        "rate: larger holds against learning by heart.",
    )
    max_seconds: float = Field(default=1800.0, gt=0, description="The child is ended after this.")
    max_memory_mb: int = Field(
        default=6144,
        ge=512,
        description="MiB. The child is ended above this, before the machine ends something else.",
    )


class DecisionSection(Section):
    """When a score becomes an alert."""

    alert_budget: Share = Field(
        default=0.02, description="At most this share of transactions is alerted."
    )


class GatesSection(Section):
    """What a candidate must show before it may serve."""

    recall_floor: Share = Field(
        default=0.0,
        description="Share of the hold-out's frauds that must be caught, by the lower bound; 0 "
        "asks nothing.",
    )
    precision_floor: Share = Field(
        default=0.0,
        description="Share of its alerts that must be frauds, by the lower bound; 0 asks nothing.",
    )
    margin: Share = Field(
        default=0.05, description="How much worse than the champion the lower bound may be."
    )
    confidence: Chance = Field(
        default=0.95,
        description="Of the intervals that the gates go by: higher lets fewer bad candidates pass "
        "by luck, and needs more frauds to let a good one.",
    )
    min_frauds: int = Field(default=30, ge=1, description="Fewer in the hold-out: no evidence.")
    alert_ratio: float = Field(
        default=2.0, gt=0, description="Alerts on the hold-out over the budget by this factor fail."
    )
    slices: tuple[str, ...] = Field(
        default=(),
        description="Features by whose levels recall is compared with the champion's too: what "
        "is better on the whole may fail a few.",
    )
    slice_margin: Share = Field(
        default=0.15,
        description="How much recall a level may lose: a candidate that surely loses more fails. "
        "Wider than margin, for a level holds few frauds.",
    )
    latency_ms: float = Field(default=200.0, gt=0, description="For a batch of 256 rows.")


class RolloutSection(Section):
    """How a version takes over."""

    engine: Literal["embedded", "argo"] = Field(
        default="embedded",
        description="Who moves the shares: the deployer itself. `argo` is refused at start: it is "
        "not built in.",
    )
    steps: tuple[int, ...] = Field(default=(10, 20, 50, 100), description="Percent, ascending.")
    min_duration: Duration = Field(
        default=timedelta(days=1), description="Least event time on each step, shadow included."
    )
    min_rows: int = Field(default=200, ge=1, description="Least rows decided on each step.")
    patience: Duration = Field(
        default=timedelta(days=7), description="Without a verdict this long, a person is asked."
    )
    label_horizon: Duration = Field(
        default=timedelta(days=14), description="After 100 %, how long late labels may undo it."
    )
    alert_rate_ratio: float = Field(
        default=3.0, gt=1, description="Alerts over or under the champion's on the same rows."
    )
    fraud_worth: float = Field(
        default=2.0,
        ge=1,
        description="False alarms that one more caught fraud is worth. Frauds a version loses, "
        "up to gates.margin, do not count against it while the false alarms it saves pay for them. "
        "The default is what "
        "F1, by which thresholds are set, makes of a fraud where F1 is two thirds: (2 - F1) / F1.",
    )
    score_distance: Share = Field(
        default=0.25, description="Largest difference of the score distributions, same rows."
    )
    alpha: Chance = Field(default=0.05, description="Error of the paired sequential test.")
    max_failed: Share = Field(default=0.001, description="Share of rows a version may not answer.")

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.steps) != sorted(set(self.steps)) or not self.steps or self.steps[-1] != 100:
            raise ValueError("steps must ascend and end at 100, e.g. [10, 20, 50, 100]")
        if self.steps[0] < 1:
            raise ValueError("a step is at least 1 percent")
        return self
