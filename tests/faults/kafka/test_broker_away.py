"""A broker that goes and comes back, on the same port and data."""

from collections.abc import Callable

import pytest

from tests.faults.kafka.sample import Sample
from tests.faults.server import Server

pytestmark = pytest.mark.whole
Recorded = Callable[[str, object], None]


@pytest.mark.guarantee(
    "outside",
    fault="the broker ends ({end}) and is started again",
    promise="services go on by themselves, or end with code 3 and go on when started again; "
    "nothing lost, nothing doubled",
    seen="at most 'Kafka has not taken the offsets within 5 s' before exit code 3",
)
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_service_goes_on_when_its_broker_is_back(
    shared_server: Server, sample: Sample, record_property: Recorded, end: str
) -> None:
    sample.start()
    sample.say(20)
    sample.flows()
    getattr(shared_server, end)()
    shared_server.start()
    sample.say(20)
    record_property("flows_again_seconds", sample.flows())


@pytest.mark.guarantee(
    "outside",
    fault="the broker is killed (-9) within a transaction, at '{moment}', and started again",
    promise="the transaction counts once or not at all, and is done again in that case",
    seen="'transaction undone, reading again from the last commit', or exit code 3",
)
@pytest.mark.parametrize("moment", ["sent", "offsets sent", "committed"])
def test_a_broker_killed_within_a_transaction_loses_and_doubles_nothing(
    shared_server: Server, sample: Sample, record_property: Recorded, moment: str
) -> None:
    sample.start()
    sample.say(20)
    sample.flows()
    with sample.held(moment):
        shared_server.kill()
        shared_server.start()
    sample.say(20)
    record_property("flows_again_seconds", sample.flows())
