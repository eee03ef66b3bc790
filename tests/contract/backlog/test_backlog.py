"""The promises of the port ``Backlog``, asked of the in-memory one and of a real Kafka's."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import pytest

from evermodel.common.events.catalogue import (
    CATALOGUE,
    LABELS,
    TRANSACTIONS,
    TRANSACTIONS_PARTIALS,
    TRANSACTIONS_SCORED,
    Topic,
)
from evermodel.common.messaging.api import NOTHING, BatchRoute, Reaction, ServiceSpec
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.messaging.ports import Broker
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.drift.adapters.kafka_backlog import KafkaBacklog
from evermodel.drift.ports import Backlog
from tests.contract.backlog.memory_backlog import MemoryBacklog

PARTITIONS = 3
PATIENCE_SECONDS = 60.0


@dataclass
class Upstream:
    """A broker with everything there is upstream of the detector."""

    broker: Broker
    backlog: Backlog

    def write(self, topic: str, partition: int) -> None:
        self.broker.publish([outgoing(topic, partition)])

    def deal(self, group: str, topic: Topic, *, until: Callable[[list[Record]], bool]) -> None:
        """Let `group` deal with what is there, as every service does."""
        seen: list[Record] = []

        def take(records: Sequence[Record]) -> Reaction:
            seen.extend(records)
            return NOTHING

        routes = [BatchRoute(topic, take)]
        spec = ServiceSpec(name=group, service="drift", batches=routes)
        with Loop(spec, broker=self.broker, clock=SystemClock()) as loop:
            wait(lambda: until(seen), meanwhile=lambda: loop.step(timeout_seconds=0.05))


def outgoing(topic: str, partition: int) -> Outgoing:
    return Outgoing(topic=topic, key=b"k", value=b"{}", partition=partition)


def wait(until: Callable[[], bool], *, meanwhile: Callable[[], object] = lambda: None) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not until():
        meanwhile()
        assert time.monotonic() < end, "it never comes to that"


@pytest.fixture(params=["memory", "kafka"])
def upstream(request: pytest.FixtureRequest) -> Iterator[Upstream]:
    read = [TRANSACTIONS, TRANSACTIONS_SCORED, LABELS, TRANSACTIONS_PARTIALS]
    if request.param == "memory":
        broker = MemoryBroker({topic.name: PARTITIONS for topic in CATALOGUE})
        yield Upstream(broker, MemoryBacklog(broker, scored_from=[TRANSACTIONS.name]))
        return
    bootstrap = request.getfixturevalue("own_kafka_bootstrap")
    settings = KafkaSettings(
        bootstrap_servers=bootstrap, data_partitions=PARTITIONS, lifecycle_partitions=PARTITIONS
    )
    letters = [topic for topic in CATALOGUE if topic.name == "drift.dead-letter"]
    create_topics(settings, [*read, *letters])
    with (
        closing(KafkaBroker(settings, quiet=True)) as real,
        closing(KafkaBacklog(settings, scored_from=[TRANSACTIONS.name])) as backlog,
    ):
        yield Upstream(real, backlog)


def test_what_a_windower_has_not_dealt_with_is_unread(upstream: Upstream) -> None:
    assert upstream.backlog.unread(LABELS.name) == frozenset()
    upstream.write(LABELS.name, 1)
    assert upstream.backlog.unread(LABELS.name) == {1}


def test_what_was_dealt_with_is_not_unread_though_markers_follow_it(upstream: Upstream) -> None:
    topic = TRANSACTIONS_SCORED.name
    producer = upstream.broker.producer(transactional_id="scorer-0")
    producer.begin()
    producer.send(outgoing(topic, 2))
    wait(lambda: upstream.backlog.unread(topic) == {2})  # while it is not decided, too
    producer.commit({}, consumer=None)
    producer.begin()
    producer.send(outgoing(topic, 0))
    wait(lambda: upstream.backlog.unread(topic) == {0, 2})
    producer.abort()
    upstream.deal(
        "drift-windower",
        TRANSACTIONS_SCORED,
        until=lambda _: not upstream.backlog.unread(topic),
    )
    upstream.write(topic, 0)
    assert upstream.backlog.unread(topic) == {0}
    producer.close()


def test_who_never_scored_is_not_waited_for_and_who_did_is(upstream: Upstream) -> None:
    topic = TRANSACTIONS.name
    upstream.write(topic, 0)
    assert upstream.backlog.unread(topic) == frozenset()
    upstream.deal("scorer", TRANSACTIONS, until=bool)
    upstream.write(topic, 1)
    assert upstream.backlog.unread(topic) == {1}


def test_a_model_is_heard_once_what_was_said_of_it_is_dealt_with(upstream: Upstream) -> None:
    home = partition_of(b"fraud", partitions=PARTITIONS)
    assert upstream.backlog.is_heard("fraud")
    upstream.write(TRANSACTIONS_PARTIALS.name, (home + 1) % PARTITIONS)
    assert upstream.backlog.is_heard("fraud"), "that was said of another"
    upstream.write(TRANSACTIONS_PARTIALS.name, home)
    assert not upstream.backlog.is_heard("fraud")
    upstream.deal(
        "drift-detector",
        TRANSACTIONS_PARTIALS,
        until=lambda _: upstream.backlog.is_heard("fraud"),
    )
