"""A broker that goes and comes back, on the same port and data."""

from collections.abc import Callable

import pytest

from tests.faults.kafka.sample import GAVE_UP, GOES_ON, Sample
from tests.faults.server import BrokerServer

pytestmark = pytest.mark.whole
Recorded = Callable[[str, object], None]


@pytest.mark.guarantee(
    "outside",
    fault="the broker ends ({end}) and is started again",
    promise=f"a service {GOES_ON}",
    seen=GAVE_UP,
)
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_service_goes_on_when_its_broker_is_back(
    shared_server: BrokerServer, sample: Sample, record_property: Recorded, end: str
) -> None:
    sample.start()
    sample.say(20)
    sample.flows()
    getattr(shared_server, end)()
    shared_server.start()
    sample.say(20)
    record_property("flows_again_seconds", sample.flows())
    record_property("ended_with", sample.gave_up())


@pytest.mark.guarantee(
    "outside",
    fault="the broker is killed (-9) within a transaction, at '{moment}', and started again",
    promise="the transaction counts once or not at all, and is done again in that case; a "
    f"service {GOES_ON}",
    seen=f"'transaction undone, reading again from the last commit', or {GAVE_UP}",
)
@pytest.mark.parametrize("moment", ["sent", "offsets sent", "committed"])
def test_a_broker_killed_within_a_transaction_loses_and_doubles_nothing(
    shared_server: BrokerServer, sample: Sample, record_property: Recorded, moment: str
) -> None:
    sample.start()
    sample.say(20)
    sample.flows()
    with sample.held(moment):
        shared_server.kill()
        shared_server.start()
    sample.say(20)
    record_property("flows_again_seconds", sample.flows())
    record_property("ended_with", sample.gave_up())
