"""One file describes a model: stream columns, features, and the policy of every stage.

Owns the form of ``model.toml``. Must never read the environment or decide anything.
Every field has a default that works except the model's name, its time and label columns and
at least one feature. ``docs/model-description.md`` is generated from these classes.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from evermodel.common.events.payload import Name
from evermodel.common.kernel.durations import format_duration, parse_duration


def _duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("a duration needs a unit, in quotes, e.g. '7d' or '30m'")
    return parse_duration(value) if isinstance(value, str) else value


def _some_time(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
SomeTime = Annotated[Duration, AfterValidator(_some_time)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
#: A chance of error, or of none: at 0 and 1 no bound exists.
Chance = Annotated[float, Field(gt=0.0, lt=1.0)]
FeatureKind = Literal["continuous", "categorical", "flag"]


class Section(BaseModel):
    """A table of the file: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSection(Section):
    """Who the model is."""

    name: Name


class StreamSection(Section):
    """How to read the transactions and their labels."""

    time: str = Field(description="Column of the event time (RFC 3339; naive means UTC).")
    label: str = Field(description="Column of the label: 0/1, true/false, or see label_positive.")
    label_positive: str | int | None = Field(
        default=None, description="The label's value that means fraud, when it is not 1 or true."
    )
    id: str | None = Field(
        default=None, description="Unique id; absent: row number, or topic-partition-offset."
    )
    entity: str | None = Field(
        default=None, description="Kafka key and sticky assignment; absent: the id."
    )
    label_delay: Duration = Field(
        default=timedelta(days=7),
        description="Files and the generator: a label is known this long after its transaction. "
        "Also the label age at which outcomes are joined.",
    )
    forbidden: tuple[str, ...] = Field(
        default=(), description="Known leaks: may travel, can never become a feature."
    )
    topic: str = Field(default="transactions", description="Where this model's payments arrive.")


class FeaturesSection(Section):
    """The model's inputs, by kind."""

    continuous: tuple[str, ...] = Field(default=(), description="Numbers; null is a value.")
    categorical: tuple[str, ...] = Field(
        default=(), description="Strings or integers; unseen levels are allowed."
    )
    flag: tuple[str, ...] = Field(default=(), description="Two-valued.")

    @property
    def names(self) -> tuple[str, ...]:
        """All features: continuous, then categorical, then flags."""
        return (*self.continuous, *self.categorical, *self.flag)

    def kind(self, name: str) -> FeatureKind:
        """Return the kind of feature `name`."""
        if name in self.continuous:
            return "continuous"
        return "categorical" if name in self.categorical else "flag"

    @model_validator(mode="after")
    def _some_and_once(self) -> Self:
        if not self.names:
            raise ValueError("name at least one feature under continuous, categorical or flag")
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise ValueError(f"named more than once: {', '.join(twice)}")
        folded = [name.lower() for name in self.names]
        alike = sorted(name for name in self.names if folded.count(name.lower()) > 1)
        if alike:
            raise ValueError(f"{', '.join(alike)}: names must differ by more than case")
        return self


class ColumnContract(Section):
    """What a column must look like for a window to count as sound."""

    min: float | None = Field(default=None, description="Smallest sound value.")
    max: float | None = Field(default=None, description="Largest sound value.")
    nulls: Share | None = Field(default=None, description="Highest share of nulls.")
    unseen: Share | None = Field(default=None, description="Highest share of unseen levels.")

    @model_validator(mode="after")
    def _some_range(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} lies above max {self.max:g}")
        return self


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


class ModelDescription(Section):
    """The whole of ``model.toml``."""

    model: ModelSection
    stream: StreamSection
    features: FeaturesSection
    quality: dict[str, ColumnContract] = Field(default_factory=dict)
    windows: WindowsSection = WindowsSection()
    drift: DriftSection = DriftSection()
    training: TrainingSection = TrainingSection()
    decision: DecisionSection = DecisionSection()
    gates: GatesSection = GatesSection()
    rollout: RolloutSection = RolloutSection()

    @property
    def name(self) -> Name:
        """The model's name."""
        return self.model.name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse what no section can see by itself; a message begins with the key it is about."""
        features, stream = set(self.features.names), self.stream
        if stream.label == stream.time:
            raise ValueError(f"stream.label: {stream.label} is the event time")
        leaks = {*stream.forbidden, stream.label} & features
        if leaks:
            raise ValueError(f"features: {_join(leaks)} would give the answer away: not a feature")
        if stream.time in features:
            raise ValueError(f"features: {stream.time} is the event time: not a feature")
        unknown = set(self.quality) - features
        if unknown:
            raise ValueError(f"quality.{min(unknown)}: {_join(unknown)} is not a feature")
        strange = set(self.gates.slices) - features
        if strange:
            raise ValueError(f"gates.slices: {_join(strange)} is not a feature")
        return self


def _join(names: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(names))
