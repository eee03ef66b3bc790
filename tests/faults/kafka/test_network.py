"""The network between a service and its broker: late, thin, cut, reset."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faults.kafka.sample import GAVE_UP, GOES_ON, Sample
from tests.faults.proxy import Proxy
from tests.faults.server import BrokerServer

pytestmark = pytest.mark.whole
Recorded = Callable[[str, object], None]


@pytest.fixture
def working(sample: Sample) -> Sample:
    """The sample service, at work on a network that is well."""
    sample.start()
    sample.say(20)
    sample.flows()
    return sample


@contextmanager
def bad(proxy: Proxy, **how: float) -> Iterator[None]:
    """Let the network be so while the block runs."""
    well = {name: getattr(proxy, name) for name in how}
    for name, value in how.items():
        setattr(proxy, name, value)
    try:
        yield
    finally:
        for name, value in well.items():
            setattr(proxy, name, value)


@pytest.mark.guarantee(
    "outside",
    fault="each byte to and from Kafka is 200 ms late",
    promise="it goes on, slower; nothing lost, nothing doubled",
    seen="histogram evermodel_end_to_end_seconds",
)
def test_a_late_network_only_slows(
    shared_server: BrokerServer, working: Sample, record_property: Recorded
) -> None:
    with bad(shared_server.proxy, delay_seconds=0.2):
        working.say(20)
        record_property("flows_again_seconds", working.flows())
        record_property("ended_with", working.gave_up())
    assert working.ends == [], "by itself"


@pytest.mark.guarantee(
    "outside",
    fault="the network to Kafka carries 20 kB/s",
    promise="it goes on, slower; nothing lost, nothing doubled",
    seen="histogram evermodel_end_to_end_seconds",
)
def test_a_thin_network_only_slows(
    shared_server: BrokerServer, working: Sample, record_property: Recorded
) -> None:
    with bad(shared_server.proxy, bytes_per_second=20_000.0):
        working.say(200)
        record_property("flows_again_seconds", working.flows())
        record_property("ended_with", working.gave_up())
    assert working.ends == [], "by itself"


@pytest.mark.guarantee(
    "outside",
    fault="the network to Kafka is cut for {seconds} s (a group's session: 6 s)",
    promise=f"it {GOES_ON}",
    seen=f"evermodel_consumer_lag grows; {GAVE_UP}",
)
@pytest.mark.parametrize("seconds", [3.0, 10.0])
def test_a_cut_is_got_over(
    shared_server: BrokerServer, working: Sample, record_property: Recorded, seconds: float
) -> None:
    with shared_server.proxy.away():
        working.say(20)
        time.sleep(seconds)
    record_property("flows_again_seconds", working.flows())
    record_property("ended_with", working.gave_up())


@pytest.mark.guarantee(
    "outside",
    fault="every connection to Kafka is reset, twenty times within 6 s",
    promise=f"it {GOES_ON}",
    seen="evermodel_transactions_committed_total{{outcome='undone'}}; " + GAVE_UP,
)
def test_resets_again_and_again_are_got_over(
    shared_server: BrokerServer, working: Sample, record_property: Recorded
) -> None:
    for _ in range(20):
        shared_server.proxy.reset()
        working.say(2)
        time.sleep(0.2)
    record_property("flows_again_seconds", working.flows())
    record_property("ended_with", working.gave_up())


@pytest.mark.guarantee(
    "outside",
    fault="the network is cut once the offsets of a transaction are sent, {when}",
    promise="the transaction counts once or not at all, and is done again in that case; a "
    f"service {GOES_ON}",
    seen=f"'transaction undone, reading again from the last commit', or {GAVE_UP}",
)
@pytest.mark.parametrize("when", ["before the commit is asked for", "before its answer comes"])
def test_a_cut_within_a_commit_doubles_nothing(
    shared_server: BrokerServer, working: Sample, record_property: Recorded, when: str
) -> None:
    proxy = shared_server.proxy
    with working.held("offsets sent"):
        if when == "before the commit is asked for":
            proxy.cut()
        else:
            proxy.delay_seconds = 1.0  # there at 1 s, its answer would be here at 2 s
    time.sleep(1.5)
    proxy.cut()
    proxy.delay_seconds = 0.0
    time.sleep(1.0)
    proxy.mend()
    working.say(5)
    record_property("flows_again_seconds", working.flows())
    record_property("ended_with", working.gave_up())
