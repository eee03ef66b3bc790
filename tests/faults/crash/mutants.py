"""Bugs that evermodel does not have, each as a patch of one service, and the law that finds it.

They show that the matrix can turn red: each is a mistake that systems of this kind have made.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import confluent_kafka as ck

from evermodel.common.events.payload import Name
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.kafka_consumer import KafkaConsumer
from evermodel.common.messaging.kafka_producer import PRODUCER, KafkaProducer
from evermodel.common.messaging.kafka_records import produce
from evermodel.common.messaging.records import Outgoing, Record
from tests.faults.crash.points import MOMENTS, Spot


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """`role` has the bug that `plant` plants; a kill at `spot` shows it to `law`."""

    role: str
    plant: Callable[[], None]
    spot: Spot
    law: str


def _forget_runs() -> None:
    """Neither before a run is made nor after is it asked whether there is one: each has a check."""
    from evermodel.trainer.adapters import mlflow_runs  # noqa: PLC0415  # one role's

    def newest(client: Any, model: Name, cause: EventId) -> str | None:
        finished = [r.info for r in mlflow_runs._runs(client, model, cause) if r.info.end_time]
        return max(finished, key=lambda info: info.end_time).run_id if finished else None

    mlflow_runs.MlflowRuns.find = lambda *_, **__: None  # type: ignore[method-assign]
    mlflow_runs._another = lambda *_, **__: None
    mlflow_runs._only_first = newest


def _forget_versions() -> None:
    from evermodel.registrar.adapters import mlflow_registry  # noqa: PLC0415  # one role's

    registry: Any = mlflow_registry.MlflowRegistry
    tagged = registry._tagged

    def forgetful(self: Any, model: str, tag: str, value: str) -> Sequence[Any]:
        known: Sequence[Any] = tagged(self, model, tag, value)
        return [] if tag == mlflow_registry.TRAINED_BY else known

    registry._tagged = forgetful


def _forget_commits() -> None:
    from evermodel.deployer.adapters import git_repository  # noqa: PLC0415  # one role's

    repository: Any = git_repository.GitRepository
    repository._find = lambda *_: None
    git_repository.wants = lambda *_: False  # type: ignore[attr-defined]


def _commit_early() -> None:
    poll = KafkaConsumer.poll

    def hasty(self: KafkaConsumer, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        found = poll(self, limit=limit, timeout_seconds=timeout_seconds)
        ends = [ck.TopicPartition(*at, offset + 1) for at, offset in _leading_rows(found).items()]
        if ends:
            self._consumer.commit(offsets=ends, asynchronous=False)
        return found

    KafkaConsumer.poll = hasty  # type: ignore[method-assign]


def _leading_rows(records: Sequence[Record]) -> dict[tuple[str, int], int]:
    """Return the last offset before each partition's first watermark.

    Of a watermark that is lost nobody comes to rest: that is red as well, and takes minutes.
    """
    last: dict[tuple[str, int], int] = {}
    marked: set[tuple[str, int]] = set()
    for record in records:
        at = (record.topic, record.partition)
        if any(name == "ce_type" for name, _ in record.headers):
            marked.add(at)
        elif at not in marked:
            last[at] = record.offset
    return last


def _publish_at_once() -> None:
    make = KafkaProducer.__init__
    kept = threading.local()

    def remembering(self: KafkaProducer, configuration: Any, **how: Any) -> None:
        make(self, configuration, **how)
        plain = {k: v for k, v in dict(configuration).items() if not k.startswith("transaction")}
        kept.producer = ck.Producer({**plain, **PRODUCER})

    def send(_self: KafkaProducer, record: Outgoing) -> None:
        produce(kept.producer, record)
        kept.producer.flush(10)

    KafkaProducer.__init__ = remembering  # type: ignore[method-assign]
    KafkaProducer.send = send  # type: ignore[method-assign, assignment]


MUTANTS = {
    "nobody asks whether there is a run already": Mutant(
        role="trainer",
        plant=_forget_runs,
        spot=Spot(role="trainer", when="after", point="MLflow run finished"),
        law="each_training_made_one_run",
    ),
    "a version is not looked up before it is made": Mutant(
        role="registrar",
        plant=_forget_versions,
        spot=Spot(role="registrar", when="after", point="version"),
        law="each_training_made_one_version",
    ),
    "a commit is not looked up before it is made": Mutant(
        role="deployer",
        plant=_forget_commits,
        spot=Spot(role="deployer", when="after", point="Git push"),
        law="each_change_is_one_commit",
    ),
    "offsets are committed before the work is done": Mutant(
        role="scorer",
        plant=_commit_early,
        spot=Spot(role="scorer", when="with", point=MOMENTS["handled"]),
        law="each_transaction_lies_in_the_lake_once",
    ),
    "events are published before the transaction is committed": Mutant(
        role="drift-outcomes",
        plant=_publish_at_once,
        spot=Spot(role="drift-outcomes", when="with", point=MOMENTS["sent"]),
        law="no_event_comes_twice",
    ),
}


def plant(names: str, *, role: str) -> None:
    """Plant those of the mutants `names`, a line each, that are of `role`."""
    for name in filter(None, names.split("\n")):
        if MUTANTS[name].role == role:
            MUTANTS[name].plant()
