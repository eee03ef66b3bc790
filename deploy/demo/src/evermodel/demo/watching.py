"""Follows the lifecycle topics and says when everything has come to rest.

At rest means: every partition of the stream is past the window, every service has committed
past every lifecycle event, every scorer serves the last step, no training is in flight, and Git
is owed nothing.
All of it is read from the topics and the groups' offsets; no service is asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from evermodel.common.events.catalogue import (
    DEPLOYER_STATE,
    DRIFT_DETECTED,
    LABELS,
    LIFECYCLE_COMMANDS,
    MODEL_TRAINED,
    MODEL_VALIDATED,
    OUTCOMES_MATURED,
    ROLLOUT_STEP,
    SERVING_APPLIED,
    TRAINER_STATE,
    TRANSACTIONS_PARTIALS,
    TRANSACTIONS_SCORED,
    TRANSACTIONS_WINDOWED,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.windows import TransactionsPartial
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.kafka_reader import KafkaReader
from evermodel.common.messaging.reading import partitions_of, read_until
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.demo.owing import Owing
from evermodel.demo.serving import Serving
from evermodel.demo.training import Training

#: Which group handles which topics, one event at a time (tables are followed, not committed).
HANDLED: Mapping[str, tuple[str, ...]] = {
    "drift-detector": (
        TRANSACTIONS_PARTIALS.name,
        TRANSACTIONS_WINDOWED.name,
        OUTCOMES_MATURED.name,
        ROLLOUT_STEP.name,
    ),
    "drift-outcomes": (TRANSACTIONS_WINDOWED.name,),
    "trainer": (
        DRIFT_DETECTED.name,
        OUTCOMES_MATURED.name,
        ROLLOUT_STEP.name,
        LIFECYCLE_COMMANDS.name,
    ),
    "registrar": (MODEL_TRAINED.name, ROLLOUT_STEP.name),
    "deployer": (
        MODEL_VALIDATED.name,
        TRANSACTIONS_WINDOWED.name,
        OUTCOMES_MATURED.name,
        SERVING_APPLIED.name,
        LIFECYCLE_COMMANDS.name,
    ),
}
_FOLLOWED = sorted({topic for topics in HANDLED.values() for topic in topics})
#: What services keep, which says what they are still at.
STATES = (TRAINER_STATE.name, DEPLOYER_STATE.name)
_POLL_SECONDS = 0.02
#: While what was read says that something moves, the groups are asked only to see that the broker
#: lives: ten requests at each look would take the processor from those who are waited for.
_ASK_SECONDS = 1.0
#: An evaluation is ended after 600 s; who says nothing for longer, and does not train, hangs.
_SILENT_SECONDS = 660.0


class NotQuiet(Exception):
    """The services did not come to rest in time; the message says what was still moving."""


class Watcher:
    """Everything said on the lifecycle topics so far, and whether it has been heard."""

    def __init__(
        self, *, groups: KafkaGroups, reader: KafkaReader, clock: Clock, scorers: int
    ) -> None:
        self.records: list[Record] = []
        self._serving = Serving(scorers=scorers)
        self._groups, self._reader, self._clock = groups, reader, clock
        self._last: dict[TopicPartition, int] = {}
        self._past: dict[tuple[str, str, int], datetime] = {}
        self._counts: dict[str, int] = {}
        self._training = Training(clock)
        self._owing = Owing()

    def settle(
        self,
        models: Sequence[ModelDescription],
        *,
        until: datetime,
        tell: Callable[[Sequence[Record]], None] = lambda _: None,
    ) -> None:
        """Return when all that follows from rows of `models` before `until` has happened.

        Raises:
            NotQuiet: it has not, and nothing was said for longer than any work may take.
            BrokerUnavailable: the broker is gone.
        """
        last_word = asked = self._clock.monotonic()
        while True:
            said = self._read_some()
            moving, now = self._moving(models, until), self._clock.monotonic()
            if moving is None or now - asked >= _ASK_SECONDS:
                asked = now
                committed = self._groups.committed(HANDLED)
                said += self._read()  # what was committed for has been said by now
                moving = self._moving(models, until) or self._unhandled(committed)
            tell(said)
            if moving is None:
                said = self._read_some()
                if not said:
                    return
                tell(said)
            last_word = now if said else last_word
            seconds = self._patience(models)
            if now - last_word > seconds:
                raise NotQuiet(f"nothing was said for {seconds:.0f} s, and not at rest: {moving}")

    @property
    def training_seconds(self) -> Mapping[str, float]:
        """How long the trainings of each model took so far, by the wall clock."""
        return self._training.seconds

    def _patience(self, models: Sequence[ModelDescription]) -> float:
        training = (
            model.training.max_seconds
            for model in models
            if self._training.is_in_flight(model.name)
        )
        return _SILENT_SECONDS + max(training, default=0.0)

    def _read(self) -> list[Record]:
        """Read up to where the topics end now.

        Raises:
            BrokerUnavailable: it is gone.
        """
        ends = self._groups.ends([*_FOLLOWED, *STATES])
        return list(
            read_until(
                lambda: self._reader.has_reached(ends),
                self._read_some,
                monotonic=self._clock.monotonic,
            )
        )

    def _read_some(self) -> list[Record]:
        found = list(self._reader.poll(limit=500, timeout_seconds=_POLL_SECONDS))
        for record in found:
            self._take(record)
        return found

    def _take(self, record: Record) -> None:
        self._last[TopicPartition(record.topic, record.partition)] = record.offset
        if record.topic == TRAINER_STATE.name:
            self._training.on_state(record)
            return
        if record.topic == DEPLOYER_STATE.name:
            self._owing.on_state(record)
            return
        self.records.append(record)
        if record.topic == TRANSACTIONS_PARTIALS.name:
            partial = decode(TransactionsPartial, value=record.value, headers=record.headers)
            said = partial.payload
            self._past[said.model, said.stream, said.partition] = said.watermark
            self._counts[said.stream] = said.partitions
        elif record.topic == ROLLOUT_STEP.name:
            step = decode(RolloutStep, value=record.value, headers=record.headers)
            self._serving.on_step(step.payload.model, step.meta.id)
        elif record.topic == SERVING_APPLIED.name:
            applied = decode(ServingApplied, value=record.value, headers=record.headers)
            self._serving.on_applied(applied.payload)

    def _moving(self, models: Sequence[ModelDescription], until: datetime) -> str | None:
        """Return what is not at rest yet, as far as has been read, or None."""
        names = [model.name for model in models]
        looks = (look for n in names for look in (self._short_of(n, until), self._unserved(n)))
        return next(filter(None, looks), None)

    def _short_of(self, model: str, until: datetime) -> str | None:
        for stream, topic in (("scored", TRANSACTIONS_SCORED.name), ("labels", LABELS.name)):
            for partition in range(self._counts.get(stream, 1)):
                past = self._past.get((model, stream, partition))
                if past is None or past < until:
                    return f"{topic} partition {partition} is at {past}, not past {until}"
        return None

    def _unhandled(self, committed: Mapping[str, Mapping[TopicPartition, int]]) -> str | None:
        for group, topics in HANDLED.items():
            for at, offset in self._last.items():
                if at.topic in topics and committed[group].get(at, 0) <= offset:
                    return f"{group} has not handled {at.topic}[{at.partition}]@{offset}"
        return None

    def _unserved(self, model: str) -> str | None:
        if self._training.is_in_flight(model):
            return f"a training of {model} is in flight"
        return self._owing.missing(model) or self._serving.missing(model)


@contextmanager
def watching(settings: KafkaSettings, *, clock: Clock, scorers: int = 1) -> Iterator[Watcher]:
    """Yield a watcher of the cluster's lifecycle topics, from their beginning.

    `scorers`: how many replicas must serve a step before it counts as served.
    """
    broker = KafkaBroker(settings)
    reader = broker.reader(partitions_of(broker, [*_FOLLOWED, *STATES]))
    try:
        yield Watcher(groups=KafkaGroups(settings), reader=reader, clock=clock, scorers=scorers)
    finally:
        reader.close()
        broker.close()
