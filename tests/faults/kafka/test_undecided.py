"""A broker killed while a transaction is being committed: what was decided is told to everybody.

commit ─▶ decided ─▶ told to each partition ─▶ complete
                  └ killed here
"""

import threading
import time
from collections.abc import Callable, Iterator

import confluent_kafka as ck
import pytest

from evermodel.common.events.catalogue import LABELS, TRANSACTIONS
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.addresses import LOOPBACK
from tests.faults.proxy import Proxy
from tests.faults.server import BrokerServer

Recorded = Callable[[str, object], None]
TOPICS = [TRANSACTIONS, LABELS]


class Undecided:
    """A broker that speaks to itself over a network of its own."""

    def __init__(self, server: BrokerServer, itself: Proxy) -> None:
        self.server, self.itself = server, itself
        self.settings = KafkaSettings(bootstrap_servers=server.bootstrap)

    def commits(self) -> None:
        """Have a transaction over every partition decided, and told to nobody."""
        producer = ck.Producer(
            {
                "bootstrap.servers": self.server.bootstrap,
                "transactional.id": "sample",
                "log_level": 0,
            }
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        for topic in TOPICS:
            for number in range(self.settings.data_partitions):
                producer.produce(topic.name, value=b"decided", partition=number)
        producer.flush(30)
        self.itself.cut()
        # It is decided, and the client told so, before anybody else is: here the client waits.
        threading.Thread(target=_committed, args=[producer], daemon=True).start()
        time.sleep(3.0)


def _committed(producer: ck.Producer) -> None:
    try:
        producer.commit_transaction(5)
    except ck.KafkaException:
        producer.purge()


@pytest.fixture
def undecided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undecided]:
    server = BrokerServer(tmp_path_factory.mktemp("broker"))
    host, port = server.direct.split(":")
    itself = Proxy((host, int(port)))
    server.properties["advertised.listeners"] = (
        f"PLAINTEXT://{server.bootstrap},DIRECT://{LOOPBACK}:{itself.port}"
    )
    try:
        server.start()
        made = Undecided(server, itself)
        create_topics(made.settings, TOPICS)
        yield made
    finally:
        server.close()
        itself.close()


@pytest.mark.guarantee(
    "outside",
    fault="the only broker is killed once a transaction is decided, before its partitions are told",
    promise="they are told when it is back: no reader and no group waits for ever",
    seen="broker.log: 'the broker was killed: its earlier session was ended'",
)
def test_what_was_decided_before_a_kill_is_told_to_every_partition(
    undecided: Undecided, record_property: Recorded
) -> None:
    undecided.commits()
    undecided.server.kill()
    undecided.itself.mend()
    began = time.monotonic()
    undecided.server.start()
    broker = KafkaBroker(undecided.settings, quiet=True)
    places = partitions_of(broker, [topic.name for topic in TOPICS])
    found = read_whole(broker, places)
    record_property("flows_again_seconds", round(time.monotonic() - began, 1))
    assert {(r.topic, r.partition, r.value) for r in found} == {
        (at.topic, at.partition, b"decided") for at in places
    }
    assert "its earlier session was ended" in undecided.server.log.read_text()
    broker.close()


def test_a_broker_that_ended_in_order_begins_at_once(undecided: Undecided) -> None:
    undecided.server.stop()
    undecided.server.start()
    assert "earlier session" not in undecided.server.log.read_text()
