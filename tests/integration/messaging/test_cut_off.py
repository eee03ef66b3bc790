"""A client that has lost every broker is not trusted with another transaction."""

import time
from collections.abc import Iterator

import pytest

from evermodel.common.events.catalogue import LABELS
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.kafka_producer import KafkaProducer
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing
from evermodel.common.settings.kafka import KafkaSettings
from tests.faults.server import BrokerServer, server

PATIENCE_SECONDS = 30.0
SAID = "every broker was away: a new client goes on"


@pytest.fixture
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerServer]:
    """A broker behind a network that can be cut."""
    with server(tmp_path_factory.mktemp("broker")) as made:
        create_topics(KafkaSettings(bootstrap_servers=made.direct), [LABELS])
        yield made


def say(producer: KafkaProducer, value: str) -> None:
    producer.begin()
    producer.send(Outgoing(topic=LABELS.name, key=b"k", value=value.encode()))
    producer.commit({}, consumer=None)


def test_the_next_transaction_after_a_cut_is_a_new_clients(
    away: BrokerServer, caplog: pytest.LogCaptureFixture
) -> None:
    broker = KafkaBroker(KafkaSettings(bootstrap_servers=away.bootstrap), quiet=True)
    producer = broker.producer(transactional_id="sample-0")
    say(producer, "1")
    assert SAID not in caplog.text
    with away.proxy.away():
        time.sleep(3.0)
    end = time.monotonic() + PATIENCE_SECONDS
    number = 1
    while SAID not in caplog.text:
        assert time.monotonic() < end, "it goes on with the client that lost its broker"
        number += 1
        say(producer, f"{number}")
    lost = len(caplog.records)
    say(producer, "last")
    assert len(caplog.records) == lost, "the new one is kept"
    found = read_whole(broker, partitions_of(broker, [LABELS.name]))
    assert {r.value for r in found} == {b"last", *(b"%d" % n for n in range(1, number + 1))}
    producer.close()
    broker.close()
