"""Three brokers, of which one at a time is lost or loses its leadership."""

import time
from collections.abc import Callable, Iterator

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.messaging.kafka_admin import check_topics, create_topics
from evermodel.common.settings import KafkaSettings
from tests.faults.kafka.administrator import Administrator
from tests.faults.kafka.cluster import Cluster, cluster
from tests.faults.kafka.sample import Sample

pytestmark = pytest.mark.whole
Recorded = Callable[[str, object], None]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("three")) as made:
        settings = KafkaSettings(bootstrap_servers=made.bootstrap, replication=3)
        create_topics(settings)
        assert check_topics(settings) == []
        yield made


@pytest.fixture
def hands(three: Cluster) -> Administrator:
    return Administrator(three.bootstrap)


@pytest.fixture
def working(three: Cluster, sample_at: Callable[[str], Sample]) -> Sample:
    """The sample service at work on three brokers."""
    sample = sample_at(three.bootstrap)
    sample.start()
    sample.say(20)
    sample.flows()
    return sample


def under_load(sample: Sample, *, seconds: float) -> None:
    """Say things all the while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sample.say(5)
        time.sleep(0.2)


@pytest.mark.guarantee(
    "outside",
    fault="of three brokers {who} is killed (-9) under load, and comes back after a while",
    promise="the others take over; nothing lost, nothing doubled",
    seen="evermodel_consumer_lag grows meanwhile; perhaps 'Kafka has not taken the offsets'",
)
@pytest.mark.parametrize("who", ["the leader of the input", "the controller"])
def test_one_of_three_brokers_may_die(
    three: Cluster, hands: Administrator, working: Sample, record_property: Recorded, who: str
) -> None:
    leader = hands.leader(LIFECYCLE_COMMANDS.name, working.partition)
    lost = three.members[leader if who == "the leader of the input" else hands.controller()]
    lost.kill()
    under_load(working, seconds=5)
    record_property("flows_again_seconds", working.flows())
    lost.start()
    under_load(working, seconds=2)
    working.flows()
    hands.await_replicas(LIFECYCLE_COMMANDS.name, count=3)


@pytest.mark.guarantee(
    "outside",
    fault="leadership of every partition moves between brokers under load",
    promise="it goes on; nothing lost, nothing doubled",
    seen="nothing, or one transaction undone",
)
def test_leaders_may_move(
    three: Cluster, hands: Administrator, working: Sample, record_property: Recorded
) -> None:
    first = three.members[1]
    first.stop()  # hands its partitions over
    under_load(working, seconds=2)
    first.start()
    hands.await_replicas(LIFECYCLE_COMMANDS.name, count=3)
    hands.elect_preferred()
    under_load(working, seconds=2)
    record_property("flows_again_seconds", working.flows())
