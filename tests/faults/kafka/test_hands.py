"""Offsets and records that are not what a group left behind: said in a sentence, never passed over.

Whoever deletes records, sets offsets by hand or loses a disk must be told; going on in silence
would lose records or do them again.
"""

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.runtime.service import FAILED
from tests.faults.kafka.administrator import Administrator
from tests.faults.kafka.sample import Sample
from tests.faults.server import BrokerServer

COMMANDS = LIFECYCLE_COMMANDS.name


@pytest.fixture
def hands(shared_server: BrokerServer) -> Administrator:
    return Administrator(shared_server.direct)


@pytest.fixture
def stopped(sample: Sample, hands: Administrator) -> Sample:
    """The sample service, stopped after some work; its group is empty."""
    process = sample.start()
    sample.say(5)
    sample.flows()
    process.terminate()
    assert process.wait(timeout=20) == 0
    hands.await_empty(sample.name)
    return sample


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="the broker lost records: a group has read further than the topic goes",
    promise="the service stops, each time it is started: it takes nothing for new",
    seen="'stopped for safety: lifecycle.commands[0] ends at 0, and … has read up to 100000', "
    "exit code 1",
)
def test_a_broker_that_forgets_stops_its_services(stopped: Sample, hands: Administrator) -> None:
    hands.reset(stopped.name, COMMANDS, offset=100_000)
    assert stopped.start().wait(timeout=60) == FAILED
    (message,) = stopped.messages("critical")
    assert message.startswith("stopped for safety: lifecycle.commands[")
    assert message.endswith(
        f"and {stopped.name} has read up to 100000: the broker lost records, or the group's "
        "offsets were set by hand"
    )


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="records are deleted before a service has read them (retention, or by hand)",
    promise="it says which, and goes on with those that are left",
    seen="error 'lifecycle.commands[2]: the records from 5 to 9 were deleted before … had done "
    "with them'",
)
def test_records_deleted_unread_are_named(stopped: Sample, hands: Administrator) -> None:
    known = stopped.answers()
    stopped.say(5)
    hands.truncate(COMMANDS)
    stopped.start()
    stopped.say(1)
    stopped.until(lambda: stopped.answers() != known)
    (message,) = stopped.messages("error")
    assert message.endswith(f"were deleted before {stopped.name} had done with them")
    assert stopped.answers() == [*known, f"{stopped.said} is {len(known) + 1}"]


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="a person sets back all of a group's offsets, so that everything is read once more",
    promise="each event comes again under the same event id: who reads it knows it (rows have "
    "none: see what becomes of the scorer's)",
    seen="evermodel_consumer_lag jumps",
)
def test_what_is_read_once_more_is_answered_under_the_same_ids(
    stopped: Sample, hands: Administrator
) -> None:
    first = stopped.ids()
    hands.reset(stopped.name, COMMANDS, offset=0)
    stopped.start()
    stopped.until(lambda: len(stopped.ids()) >= 2 * len(first))
    assert stopped.ids() == [*first, *first]


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="a group's offsets are gone: deleted, or forgotten by the broker while it was away",
    promise="it says so and reads all again: each event comes again under the same event id (rows "
    "have none: see what becomes of the scorer's)",
    seen="warning 'group … has no offsets for lifecycle.commands: it reads from the beginning; if "
    "it is not new, what it says comes again'; evermodel_consumer_lag jumps",
)
def test_a_group_whose_offsets_are_gone_says_that_it_begins_anew(
    stopped: Sample, hands: Administrator
) -> None:
    first = stopped.ids()
    hands.forget(stopped.name)
    stopped.start(EVERMODEL_TEST_SKEW_SECONDS="3600")  # by whose clock the records are old
    stopped.until(lambda: len(stopped.ids()) >= 2 * len(first))
    assert stopped.ids() == [*first, *first]
    assert stopped.messages("warning") == [
        f"group {stopped.name} has no offsets for {COMMANDS}: it reads from the beginning; if it "
        "is not new, what it says comes again"
    ]
