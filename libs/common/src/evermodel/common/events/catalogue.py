"""The single source of every topic: what it holds, who writes it, who reads it, how long.

Topic creation, ``docs/events.md``, the AsyncAPI document and the console are made from this.
"""

from dataclasses import dataclass
from typing import Literal

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import Label, ScoredTransaction, ServingApplied, Watermark
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsPartial, TransactionsWindowed

DAY = 86_400

#: What a topic of Kafka's defaults takes of one record, with its keys and headers, uncompressed:
#: the broker refuses batches over 1,048,588, and a redrive adds headers.
ORDINARY_BYTES = 1_000_000
#: What topics take whose records grow with a model's features: some 2,000 bytes a feature and
#: reference (docs/decisions/0013).
WIDE_BYTES = 8_000_000
#: A redriven record is its original, which its topic took, and two headers more.
REDRIVE_BYTES = 40_000

Key = Literal["entity", "transaction id", "model", "as the source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `retention_seconds` None means for ever; `record_bytes`: of its largest record."""

    name: str
    holds: str
    key: Key
    payloads: tuple[type[Payload], ...]
    plane: Literal["data", "lifecycle", "state", "dead letter"]
    retention_seconds: int | None
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    compacted: bool = False
    record_bytes: int = ORDINARY_BYTES

    @property
    def is_wide(self) -> bool:
        """Whether it takes larger records than a topic of Kafka's defaults."""
        return self.record_bytes > ORDINARY_BYTES

    @property
    def max_message_bytes(self) -> int:
        """Kafka's setting of this name, at least: a redriven record must fit too."""
        return self.record_bytes + REDRIVE_BYTES


_LIFECYCLE_READERS = ("console",)


def _lifecycle(
    name: str,
    payload: type[Payload],
    holds: str,
    *,
    producers: tuple[str, ...],
    consumers: tuple[str, ...],
    days: int | None = None,
    record_bytes: int = ORDINARY_BYTES,
) -> Topic:
    return Topic(
        name=name,
        holds=holds,
        key="model",
        payloads=(payload,),
        plane="lifecycle",
        retention_seconds=None if days is None else days * DAY,
        producers=producers,
        consumers=(*consumers, *_LIFECYCLE_READERS),
        record_bytes=record_bytes,
    )


def _state(name: str, owner: str, holds: str, *, record_bytes: int = ORDINARY_BYTES) -> Topic:
    return Topic(
        name=name,
        holds=holds,
        key="as the source",
        payloads=(),
        plane="state",
        retention_seconds=None,
        producers=(owner,),
        consumers=(owner,),
        compacted=True,
        record_bytes=record_bytes,
    )


def _dead_letter(service: str, *roles: str) -> Topic:
    return Topic(
        name=f"{service}.dead-letter",
        holds=f"what {service} gave up, why, and how to replay it",
        key="as the source",
        payloads=(),
        plane="dead letter",
        retention_seconds=None,
        producers=roles or (service,),
        consumers=("evermodel redrive", *_LIFECYCLE_READERS),
    )


TRANSACTIONS = Topic(
    name="transactions",
    holds="one payment with its features, as flat JSON by column (upstream)",
    key="entity",
    payloads=(Watermark,),
    plane="data",
    retention_seconds=7 * DAY,
    producers=("upstream",),
    consumers=("scorer",),
)
TRANSACTIONS_SCORED = Topic(
    name="transactions.scored",
    holds="the payment, the score of every loaded version, which decided, and what",
    key="entity",
    payloads=(ScoredTransaction, Watermark),
    plane="data",
    retention_seconds=7 * DAY,
    producers=("scorer", "upstream"),
    consumers=("drift-windower",),
)
LABELS = Topic(
    name="labels",
    holds="what a transaction turned out to be, when that was known, and from whom",
    key="transaction id",
    payloads=(Label, Watermark),
    plane="data",
    retention_seconds=90 * DAY,
    producers=("upstream",),
    consumers=("drift-windower",),
)
TRANSACTIONS_PARTIALS = _lifecycle(
    "transactions.partials",
    TransactionsPartial,
    "one partition's counters for one window",
    producers=("drift-windower",),
    consumers=("drift-detector",),
    days=28,
    record_bytes=WIDE_BYTES,
)
TRANSACTIONS_WINDOWED = _lifecycle(
    "transactions.windowed",
    TransactionsWindowed,
    "one closed window: merged counters, volumes, quality, lake paths",
    producers=("drift-detector", "upstream"),
    consumers=("drift-detector", "drift-outcomes", "deployer"),
    days=365,
    record_bytes=WIDE_BYTES,
)
OUTCOMES_MATURED = _lifecycle(
    "outcomes.matured",
    OutcomesMatured,
    "one cohort at one label age: confusion counts per version, paired counts",
    producers=("drift-outcomes",),
    consumers=("drift-detector", "trainer", "deployer"),
)
DRIFT_DETECTED = _lifecycle(
    "drift.detected",
    DriftDetected,
    "a verdict: cause, severity, every number it rests on",
    producers=("drift-detector",),
    consumers=("trainer",),
)
MODEL_TRAINED = _lifecycle(
    "model.trained",
    ModelTrained,
    "trained or failed: run, digest, data window, metrics, what caused it",
    producers=("trainer",),
    consumers=("registrar",),
)
MODEL_VALIDATED = _lifecycle(
    "model.validated",
    ModelValidated,
    "accepted or rejected, every gate with value, bound, verdict; the version",
    producers=("registrar",),
    consumers=("deployer",),
)
ROLLOUT_STEP = _lifecycle(
    "rollout.step",
    RolloutStep,
    "what serves in which share, why it changed, the commit",
    producers=("deployer",),
    consumers=("scorer", "drift-detector", "trainer", "registrar"),
)
SERVING_APPLIED = _lifecycle(
    "serving.applied",
    ServingApplied,
    "a scorer took a rollout step over, or could not",
    producers=("scorer",),
    consumers=("deployer",),
)
LIFECYCLE_COMMANDS = _lifecycle(
    "lifecycle.commands",
    LifecycleCommand,
    "a person's order, with who and why",
    producers=("cli",),
    consumers=("trainer", "deployer"),
)

WINDOWER_STATE = _state(
    "drift.windower.state", "drift-windower", "open counters", record_bytes=WIDE_BYTES
)
DETECTOR_STATE = _state(
    "drift.detector.state",
    "drift-detector",
    "open merges, drift state",
    record_bytes=WIDE_BYTES,
)
OUTCOMES_STATE = _state("drift.outcomes.state", "drift-outcomes", "windows that failed quality")
TRAINER_STATE = _state("trainer.state", "trainer", "admission and the training in flight")
DEPLOYER_STATE = _state("deployer.state", "deployer", "the rollout in progress")

DEAD_LETTERS = (
    _dead_letter("scorer"),
    _dead_letter("drift", "drift-windower", "drift-detector", "drift-outcomes"),
    _dead_letter("trainer"),
    _dead_letter("registrar"),
    _dead_letter("deployer"),
)

CATALOGUE: tuple[Topic, ...] = (
    TRANSACTIONS,
    TRANSACTIONS_SCORED,
    LABELS,
    TRANSACTIONS_PARTIALS,
    TRANSACTIONS_WINDOWED,
    OUTCOMES_MATURED,
    DRIFT_DETECTED,
    MODEL_TRAINED,
    MODEL_VALIDATED,
    ROLLOUT_STEP,
    SERVING_APPLIED,
    LIFECYCLE_COMMANDS,
    WINDOWER_STATE,
    DETECTOR_STATE,
    OUTCOMES_STATE,
    TRAINER_STATE,
    DEPLOYER_STATE,
    *DEAD_LETTERS,
)


def topic_of(payload: type[Payload]) -> Topic:
    """Return the one lifecycle topic that carries `payload`.

    Raises:
        KeyError: `payload` is a data-plane form, which a topic is named for explicitly.
    """
    return _BY_PAYLOAD[payload]


def record_bytes_of(name: str) -> int:
    """Return how large a record of topic `name` may be; of one not listed here, the ordinary."""
    topic = _BY_NAME.get(name)
    return ORDINARY_BYTES if topic is None else topic.record_bytes


_BY_NAME = {topic.name: topic for topic in CATALOGUE}
_BY_PAYLOAD = {t.payloads[0]: t for t in CATALOGUE if t.plane == "lifecycle"}
