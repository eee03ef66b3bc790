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


def is_done(upstream: Upstream, topic: Topic) -> bool:
    """Whether those who read `topic` have dealt with all that is there now."""
    ends = upstream.backlog.ends(topic.name)
    return ends is not None and upstream.backlog.is_past(topic.name, ends)


@pytest.mark.parametrize("topic", [LABELS, TRANSACTIONS_PARTIALS], ids=lambda topic: topic.name)
def test_who_has_not_dealt_with_what_is_there_is_not_past_it(
    upstream: Upstream, topic: Topic
) -> None:
    assert is_done(upstream, topic)
    upstream.write(topic.name, 1)
    ends = upstream.backlog.ends(topic.name)
    assert ends == {0: 0, 1: 1, 2: 0}
    assert not upstream.backlog.is_past(topic.name, ends)
    assert upstream.backlog.is_past(topic.name, {0: 0, 2: 0}), "of those it is"


def test_what_was_dealt_with_is_past_though_markers_follow_it(upstream: Upstream) -> None:
    topic = TRANSACTIONS_SCORED
    producer = upstream.broker.producer(transactional_id="scorer-0")
    producer.begin()
    producer.send(outgoing(topic.name, 2))
    wait(lambda: not is_done(upstream, topic))  # while it is not decided, too
    producer.commit({}, consumer=None)
    producer.begin()
    producer.send(outgoing(topic.name, 0))
    wait(lambda: (upstream.backlog.ends(topic.name) or {}).get(0, 0) > 0)
    producer.abort()
    upstream.deal("drift-windower", topic, until=lambda _: is_done(upstream, topic))
    noted = upstream.backlog.ends(topic.name)
    assert noted is not None
    upstream.write(topic.name, 0)
    assert not is_done(upstream, topic)
    assert upstream.backlog.is_past(topic.name, noted), "what came since was not asked for"
    producer.close()


def test_who_never_scored_is_not_waited_for_and_who_did_is(upstream: Upstream) -> None:
    upstream.write(TRANSACTIONS.name, 0)
    assert is_done(upstream, TRANSACTIONS)
    upstream.deal("scorer", TRANSACTIONS, until=bool)
    upstream.write(TRANSACTIONS.name, 1)
    assert not is_done(upstream, TRANSACTIONS)
    assert not upstream.backlog.is_past(TRANSACTIONS.name, {1: 1}), "though it never read that one"


def test_what_cannot_be_told_is_not_done(
    own_kafka_bootstrap: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = KafkaSettings(bootstrap_servers=own_kafka_bootstrap)
    with closing(KafkaBacklog(settings, scored_from=["nowhere"])) as backlog:
        assert backlog.ends("nowhere") is None
        assert not backlog.is_past("nowhere", {0: 0})
    assert "where nowhere ends cannot be told: nowhere: Broker: Unknown topic" in caplog.text
