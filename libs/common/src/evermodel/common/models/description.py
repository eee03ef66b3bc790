"""One file describes a model: stream columns, features, and the policy of every stage.

Owns the form of ``model.toml``. Must never read the environment or decide anything.
Every field has a default that works except the model's name, its time and label columns and
at least one feature. ``docs/model-description.md`` is generated from these classes.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from evermodel.common.events.payload import Name
from evermodel.common.models.policy import (
    DecisionSection,
    DriftSection,
    GatesSection,
    RolloutSection,
    TrainingSection,
    WindowsSection,
)
from evermodel.common.models.values import Duration, Section, Share, TopicName

FeatureKind = Literal["continuous", "categorical", "flag"]

#: Some 250 counts each, against two references where a promotion falls into a window: two kilobytes
#: a feature and reference at millions of rows, of the eight megabytes of ``catalogue.WIDE_BYTES``.
MOST_FEATURES = 2_000


class ModelSection(Section):
    """Who the model is."""

    name: Name


class StreamSection(Section):
    """How to read the transactions and their labels."""

    TRUTHS: ClassVar[frozenset[str]] = frozenset({"label_positive"})

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
    topic: TopicName = Field(
        default="transactions",
        description="Where this model's payments arrive. Two models may share one: their payments "
        "then name the model in the header ce_subject. A topic of another name is yours to make, "
        "with as many partitions as transactions.scored.",
    )

    def refuse_twice(self) -> None:
        """Raise ``ValueError`` where one column is said to be two things."""
        if self.label == self.time:
            raise ValueError(f"stream.label: {self.label} is the event time")
        taken = {self.time: "the event time", self.label: "the label"}
        for key, column in (("id", self.id), ("entity", self.entity)):
            if column in taken:
                raise ValueError(
                    f"stream.{key}: expected a column of its own, and {column} is {taken[column]}"
                )


class FeaturesSection(Section):
    """The model's inputs, by kind."""

    continuous: tuple[str, ...] = Field(default=(), description="Numbers; null is a value.")
    categorical: tuple[str, ...] = Field(
        default=(), description="Strings or integers; unseen levels are allowed."
    )
    flag: tuple[str, ...] = Field(
        default=(),
        description="Two-valued: true and false, or numbers such as 0 and 1; two words are a "
        "categorical.",
    )

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
        if len(self.names) > MOST_FEATURES:
            raise ValueError(
                f"{len(self.names):,} features: a model has {MOST_FEATURES:,} at most, or what is "
                "counted of a window outgrows one record"
            )
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

    min: float | None = Field(
        default=None, description="Smallest sound value of a number or a flag."
    )
    max: float | None = Field(
        default=None, description="Largest sound value of a number or a flag."
    )
    nulls: Share | None = Field(default=None, description="Highest share of nulls.")
    unseen: Share | None = Field(
        default=None, description="Highest share of unseen levels of a category."
    )

    @model_validator(mode="after")
    def _some_range(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} lies above max {self.max:g}")
        return self

    def refuse_senseless(self, column: str, kind: FeatureKind) -> None:
        """Raise ``ValueError`` for a key that nothing looks at in a column of `kind`."""
        wrong = {"min", "max"} if kind == "categorical" else {"unseen"}
        found = sorted(key for key in wrong if getattr(self, key) is not None)
        if found:
            raise ValueError(
                f"quality.{column}: a {kind} column has no {' and no '.join(found)}: leave it out"
            )


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
        self.stream.refuse_twice()
        features, stream = set(self.features.names), self.stream
        leaks = {*stream.forbidden, stream.label} & features
        if leaks:
            raise ValueError(f"features: {_join(leaks)} would give the answer away: not a feature")
        if stream.time in features:
            raise ValueError(f"features: {stream.time} is the event time: not a feature")
        unknown = set(self.quality) - features
        if unknown:
            raise ValueError(f"quality.{min(unknown)}: {_join(unknown)} is not a feature")
        for name, contract in self.quality.items():
            contract.refuse_senseless(name, self.features.kind(name))
        strange = set(self.gates.slices) - features
        if strange:
            raise ValueError(f"gates.slices: {_join(strange)} is not a feature")
        return self


def _join(names: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(names))
