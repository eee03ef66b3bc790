"""A model of hundreds of features: what is known of it between two events fits one record."""

import pytest

from evermodel.common.events.catalogue import DETECTOR_STATE, TRANSACTIONS_PARTIALS
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.rollouts import rollout_step
from evermodel.drift.handlers.detector_states import States
from evermodel.drift.wiring import assemble_detector
from tests.unit.drift.bench import DAY, MONDAY, FakeReferences
from tests.unit.drift.detecting import NAME
from tests.unit.drift.wide import PARTITIONS, ROWS, Wide

DETECTOR = TopicPartition(TRANSACTIONS_PARTIALS.name, 0)


@pytest.mark.parametrize("features", [500, 1_500])
def test_a_partition_may_lag_by_windows(features: int) -> None:
    """Three of four are four days ahead: all that they counted is kept open for the last."""
    harness, days, wide = Harness(partitions=1), 4, Wide(features)
    named = wide.reference.reference_id
    spec = assemble_detector(
        models={NAME: wide.model},
        references=FakeReferences({named: wide.reference}),
        clock=harness.clock,
    )
    harness.add(spec, ticks=False)
    step = rollout_step("promoted", about=1, in_play=((1, "champion", 100),), reference_id=named)
    harness.publish(step, time=MONDAY)
    harness.publish(wide.labels(days), time=MONDAY)
    for partition in range(PARTITIONS):  # the last one comes when the others have said it all
        for day in range(days):
            harness.publish(wide.partial(day, partition), time=MONDAY + day * DAY)
    harness.run()
    assert not harness.dead_letters("drift")
    windows = [event.payload for event in harness.events(TransactionsWindowed)]
    assert [window.counters.rows for window in windows] == [PARTITIONS * ROWS] * days
    kept = harness.records(DETECTOR_STATE.name)
    assert max(len(record.value or b"") for record in kept) < DETECTOR_STATE.record_bytes


def test_what_an_earlier_version_kept_as_plain_json_is_read() -> None:
    before = States({NAME})
    assert before.restore(DETECTOR, {NAME: b'{"champion":3,"late_rows":2}'})[NAME].champion == 3
    assert before.get(NAME).late_rows == 2
