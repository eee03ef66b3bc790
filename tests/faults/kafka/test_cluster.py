"""Three brokers, of which one at a time is lost or loses its leadership."""

import time
from collections.abc import Callable, Iterator

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS, MODEL_TRAINED, TRAINER_STATE
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.kafka_check import check_topics
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.findings import partitions_at
from tests.faults.kafka.administrator import Administrator
from tests.faults.kafka.cluster import Cluster, cluster
from tests.faults.kafka.reassigning import reassign
from tests.faults.kafka.sample import GAVE_UP, GOES_ON, Sample

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
    promise=f"the others take over; a service {GOES_ON}",
    seen=f"evermodel_consumer_lag grows meanwhile; {GAVE_UP}",
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
    record_property("ended_with", working.gave_up())
    lost.start()
    under_load(working, seconds=2)
    working.flows()
    hands.await_replicas(LIFECYCLE_COMMANDS.name, count=3)


@pytest.mark.guarantee(
    "outside",
    fault="a broker hands the partitions it leads to the others under load, and takes them back",
    promise=f"it {GOES_ON}",
    seen=f"nothing, one transaction undone, or {GAVE_UP}",
)
def test_leaders_may_move(
    three: Cluster, hands: Administrator, working: Sample, record_property: Recorded
) -> None:
    led = hands.leader(LIFECYCLE_COMMANDS.name, working.partition)
    leader = three.members[led]
    leader.stop()  # hands its partitions over
    under_load(working, seconds=2)
    assert hands.leader(LIFECYCLE_COMMANDS.name, working.partition) != led
    leader.start()
    hands.await_replicas(LIFECYCLE_COMMANDS.name, count=3)
    hands.elect_preferred()
    under_load(working, seconds=2)
    record_property("flows_again_seconds", working.flows())
    record_property("ended_with", working.gave_up())


@pytest.mark.guarantee(
    "outside",
    fault="the partitions are moved to other brokers (reassigned) under load, there and back",
    promise=f"it {GOES_ON}",
    seen=f"nothing, one transaction undone, or {GAVE_UP}",
)
def test_partitions_may_move(
    three: Cluster, hands: Administrator, working: Sample, record_property: Recorded
) -> None:
    topics = [LIFECYCLE_COMMANDS.name, MODEL_TRAINED.name, TRAINER_STATE.name]
    for brokers in ((2, 3), (3, 1), (1, 2, 3)):
        for topic in topics:
            wanted = dict.fromkeys(hands.replicas(topic), brokers)
            reassign(three.members[brokers[0]].direct, topic, wanted)
        under_load(working, seconds=3)
        for topic in topics:
            hands.await_replicas_on(topic, brokers)
    record_property("flows_again_seconds", working.flows())
    record_property("ended_with", working.gave_up())


#: Longer than the session (6 s), a transaction (10 s) and a request (30 s) may take.
LONG_SECONDS = 45.0


@pytest.mark.guarantee(
    "outside",
    fault="of three brokers one is away for 45 s: longer than any session, transaction or request",
    promise="nothing stands still for good: what is said meanwhile is answered meanwhile; a "
    f"service {GOES_ON}",
    seen="evermodel_consumer_lag for a few seconds; 'evermodel doctor' goes on answering",
)
def test_one_of_three_brokers_may_be_away_for_long(
    three: Cluster, hands: Administrator, working: Sample, record_property: Recorded
) -> None:
    lost = three.members[hands.leader(LIFECYCLE_COMMANDS.name, working.partition)]
    lost.kill()
    began = time.monotonic()
    try:
        waited = []
        while time.monotonic() - began < LONG_SECONDS:
            working.say(5)
            waited.append(working.flows())
            time.sleep(0.5)
    finally:
        lost.start()
    record_property("longest_wait_seconds", max(waited))
    assert min(waited[-5:]) < LONG_SECONDS / 3, "by then it flows as before"
    working.say(5)
    record_property("flows_again_seconds", working.flows())
    record_property("ended_with", working.gave_up())
    hands.await_replicas(LIFECYCLE_COMMANDS.name, count=3)


@pytest.mark.guarantee(
    "outside",
    fault="of three brokers two are away for 45 s: fewer than must agree",
    promise=f"nothing flows until a second broker is back; then a service {GOES_ON}",
    seen="critical 'Kafka refused or did not answer: …', exit code 3, again at each start; "
    "'evermodel doctor' finds a broker that answers, and calls the partitions wrong",
)
def test_two_of_three_brokers_away_are_waited_for_loudly(
    three: Cluster, hands: Administrator, working: Sample, record_property: Recorded
) -> None:
    leader = hands.leader(LIFECYCLE_COMMANDS.name, working.partition)
    lost = [member for number, member in three.members.items() if number != leader]
    with working.held("handled"):
        for member in lost:
            member.kill()
    time.sleep(LONG_SECONDS)
    found = partitions_at(KafkaSettings(bootstrap_servers=three.bootstrap))
    assert (found.verdict, "brokers that are away" in found.remedy) == ("wrong", True), found
    said = " ".join(working.messages("critical"))
    assert "Kafka refused or did not answer" in said, working.words()[-4000:]
    lost[0].start()
    record_property("flows_again_seconds", working.flows())
    record_property("ended_with", working.gave_up())
    lost[1].start()
    working.say(5)
    working.flows()
    hands.await_replicas(LIFECYCLE_COMMANDS.name, count=3)
