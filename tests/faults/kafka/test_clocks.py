"""Machines whose clocks differ: event time decides, so the answers are the same."""

from collections.abc import Callable

import pytest

from evermodel.common.runtime.service import UNAVAILABLE
from tests.faults.kafka.sample import Sample

HOUR = 3600.0


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="of two replicas the clock of one is 50 min ahead, of the other 5 h behind; one is "
    "killed, the other goes on",
    promise="the same answers under the same ids as with right clocks",
    seen="evermodel_last_success_timestamp_seconds and evermodel_end_to_end_seconds are as wrong "
    "as the clock",
)
def test_clocks_that_differ_change_no_answer(
    sample: Sample, record_property: Callable[[str, object], None]
) -> None:
    ahead = sample.start("a", EVERMODEL_TEST_SKEW_SECONDS=str(HOUR * 5 / 6))
    sample.start("b", EVERMODEL_TEST_SKEW_SECONDS=str(-HOUR * 5))
    sample.say(20)
    sample.flows()
    ahead.kill()  # whichever had the partition: the other one has it from now on
    sample.say(20)
    record_property("flows_again_seconds", sample.flows())
    assert sample.times() == {"2026-01-01T00:00:00+00:00"}
    assert sample.ids() == sample.expected_ids


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="the clock of a service's machine is 2 h ahead: Kafka refuses its records",
    promise="nothing is answered and nothing lost; it goes on once the clock is right",
    seen="warning 'transaction undone …: Broker: Invalid timestamp'",
)
def test_a_clock_far_ahead_is_named(
    sample: Sample, record_property: Callable[[str, object], None]
) -> None:
    sample.start(EVERMODEL_TEST_SKEW_SECONDS=str(HOUR * 2))
    sample.say(5)
    sample.until(lambda: any("Invalid timestamp" in said for said in sample.messages("warning")))
    assert sample.answers() == []
    # Told while it puts more in, it starts anew: librdkafka does not always abort that one.
    assert {*sample.ends} <= {UNAVAILABLE}
    sample.kill()
    sample.start()
    record_property("flows_again_seconds", sample.flows())
