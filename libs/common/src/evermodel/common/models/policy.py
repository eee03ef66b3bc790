"""The policy of every stage: how the stream is cut, judged, learned from and rolled out.

Owns these tables of ``model.toml`` and what holds inside of one. Every key has a default.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from evermodel.common.kernel.durations import format_duration
from evermodel.common.models.values import (
    Chance,
    Duration,
    Rows,
    Section,
    Seed,
    Share,
    SomeTime,
    WindowLength,
)

#: Of one hidden layer; two of the widest, one after the other, hold 67 million weights.
Units = Annotated[int, Field(ge=1, le=8192)]
#: A year in seconds, and more memory than machines have: beyond, a slip of the pen.
MOST_SECONDS, MOST_MEBIBYTES = 31_536_000.0, 16_777_216
#: The square of a ratio must be a number too.
MOST_RATIO = 1e6


class WindowsSection(Section):
    """How the stream is cut."""

    length: WindowLength = Field(
        default=timedelta(days=1),
        description="Drift, steps and outcomes are judged by these; a minute at the least. For "
        "good: once windows were counted, another length needs a model of another name.",
    )
    lateness: Duration = Field(
        default=timedelta(0), description="How long after its end a window still takes rows."
    )
    min_rows: Rows = Field(default=5000, description="Fewer rows are merged with the next window.")
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
    persistence: int = Field(
        default=2, ge=1, le=1000, description="Windows in a row that make a drift."
    )
    alert_rate_slack: float = Field(
        default=0.5, ge=0, description="CUSUM k, in standard deviations."
    )
    alert_rate_bound: float = Field(
        default=8.0, gt=0, description="CUSUM h, in standard deviations."
    )
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
        default=4.0,
        gt=1,
        le=MOST_RATIO,
        description="Rows over or under the reference's by this factor fail.",
    )
    cool_down: Duration = Field(
        default=timedelta(days=7),
        description="After a retrain verdict none follows for this long, or for "
        "stream.label_delay where that is longer: labels that tell more cannot be there sooner.",
    )


class TrainingSection(Section):
    """What is learned from, and how."""

    window: SomeTime = Field(
        default=timedelta(days=28),
        description="How far back is learned from, up to stream.label_delay before the training: "
        "of what is younger the labels are not there yet. calibration and holdout are the end of "
        "it, not added to it.",
    )
    calibration: SomeTime = Field(
        default=timedelta(days=5),
        description="The part of window before holdout, for the threshold. At most 25 % is taken "
        "of the history that window holds, after a drift of that since the drift.",
    )
    holdout: SomeTime = Field(
        default=timedelta(days=7),
        description="The last part of window, for the gates. At most 30 % is taken of the same "
        "history, so that 45 % of it is learned from even where window is shorter than this and "
        "calibration.",
    )
    regime: Duration = Field(
        default=timedelta(days=3),
        description="After a drift, wait for labels of this much of the new regime. A model "
        "trained only on days before the change would learn nothing about it.",
    )
    seed: Seed = Field(
        default=7,
        description="Of the first weights, the order of the rows and what dropout leaves out: the "
        "same data, seed and threads make the same model.",
    )
    epochs: int = Field(
        default=12,
        ge=1,
        le=10_000,
        description="Times every row is learned from. The learning rate falls to nought over them.",
    )
    batch_size: Rows = Field(
        default=512,
        description="Rows per step. Of few rows smaller steps are made, 32 at the least, so that "
        "an epoch has about a hundred.",
    )
    hidden: tuple[Units, ...] = Field(
        default=(256, 256),
        max_length=32,
        description="Units of each hidden layer, from the inputs on.",
    )
    dropout: float = Field(
        default=0.1,
        ge=0,
        lt=1,
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
    max_seconds: float = Field(
        default=1800.0, gt=0, le=MOST_SECONDS, description="The child is ended after this."
    )
    max_memory_mb: int = Field(
        default=6144,
        ge=512,
        le=MOST_MEBIBYTES,
        description="MiB. The child is ended above this, before the machine ends something else.",
    )


class DecisionSection(Section):
    """When a score becomes an alert."""

    alert_budget: float = Field(
        default=0.02, gt=0, le=1, description="At most this share of transactions is alerted."
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
        default=0.05,
        description="How much worse than the champion the lower bound may be. The judge of a "
        "rollout forgives no larger loss of frauds either, a share of all of them, whatever false "
        "alarms were saved.",
    )
    confidence: Chance = Field(
        default=0.95,
        description="Of the intervals that the gates go by: higher lets fewer bad candidates pass "
        "by luck, and needs more frauds to let a good one.",
    )
    min_frauds: Rows = Field(default=30, description="Fewer in the hold-out: no evidence.")
    alert_ratio: float = Field(
        default=2.0,
        gt=0,
        le=MOST_RATIO,
        description="Alerts on the hold-out over the budget by this factor fail.",
    )
    slices: tuple[str, ...] = Field(
        default=(),
        description="Features by whose levels recall is compared with the champion's too, or by "
        "the quarters of a number of many values: what is better on the whole may fail a few.",
    )
    slice_margin: Share = Field(
        default=0.15,
        description="How much recall a level may lose: a candidate that surely loses more fails. "
        "Wider than margin, for a level holds few frauds.",
    )
    latency_ms: float = Field(default=200.0, gt=0, description="For a batch of 256 rows.")

    @field_validator("slices")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"expected each feature once, and {', '.join(twice)} is named again")
        return value


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
    min_rows: Rows = Field(default=200, description="Least rows decided on each step.")
    patience: Duration = Field(
        default=timedelta(days=7),
        description="Without a verdict this long on a step, a person is asked; not shorter than "
        "min_duration, before which no verdict is good.",
    )
    label_horizon: Duration = Field(
        default=timedelta(days=14), description="After 100 %, how long late labels may undo it."
    )
    alert_rate_ratio: float = Field(
        default=3.0,
        gt=1,
        le=MOST_RATIO,
        description="Alerts over or under the champion's on the same rows.",
    )
    fraud_worth: float = Field(
        default=2.0,
        ge=1,
        le=MOST_RATIO,
        description="False alarms that one more caught fraud is worth. Frauds a version loses, "
        "up to gates.margin, do not count against it while the false alarms it saves pay for them. "
        "The default is what F1, by which thresholds are set, makes of a fraud where F1 is two "
        "thirds: (2 - F1) / F1.",
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

    @model_validator(mode="after")
    def _patient(self) -> Self:
        """Refuse a rollout that would be held on every step, however good its version."""
        if self.patience < self.min_duration:
            raise ValueError(
                f"patience ({format_duration(self.patience)}) is shorter than min_duration "
                f"({format_duration(self.min_duration)}): give it at least as long, or every step "
                "ends with asking a person"
            )
        return self
