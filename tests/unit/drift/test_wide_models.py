"""A model of five hundred features: what is known of it between two events fits one record."""

from functools import cache

import numpy as np

from evermodel.common.events.catalogue import DETECTOR_STATE
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import (
    TransactionsPartial,
    TransactionsWindowed,
    WindowCounters,
)
from evermodel.common.messaging.records import MAX_RECORD_BYTES, TopicPartition
from evermodel.common.models.description import ModelDescription
from evermodel.common.testing.harness import Harness
from evermodel.common.testing.rollouts import rollout_step
from evermodel.drift.domain.tally import ColumnTally, Tally
from evermodel.drift.handlers.detector_states import States
from evermodel.drift.handlers.payloads import window_counters
from evermodel.drift.wiring import assemble_detector
from evermodel.profile.building import build_reference
from evermodel.profile.reference import Reference
from evermodel.profile.schema import Schema
from evermodel.profile.units import WindowRows
from tests.unit.drift.bench import DAY, MONDAY, FakeReferences
from tests.unit.drift.detecting import NAME

FEATURES = tuple(f"amount_{n:03d}" for n in range(500))
PARTITIONS, ROWS = 4, 10_000
DETECTOR = TopicPartition("transactions.partials", 0)
MODEL = ModelDescription.model_validate(
    {
        "model": {"name": NAME},
        "stream": {"time": "t", "label": "y"},
        "features": {"continuous": FEATURES},
        "windows": {"min_rows": 500, "season": "none"},
    }
)


def columns(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    return {name: rng.lognormal(0, 1, rows).astype(np.float32) for name in FEATURES}


@cache
def reference() -> Reference:
    rng = np.random.default_rng(5)
    windows = [
        WindowRows(
            start=MONDAY + (n - 8) * DAY,
            end=MONDAY + (n - 7) * DAY,
            columns=columns(rng, 1_000),
            alerts=20 + (-1) ** n,
        )
        for n in range(8)
    ]
    return build_reference(windows, schema=Schema(continuous=FEATURES, season="none"), min_rows=500)


@cache
def counters() -> WindowCounters:
    """Return what one partition counts of a window."""
    name = reference().reference_id
    tally = Tally(
        rows=ROWS,
        references={name: ROWS},
        profiles={name: reference().count(columns(np.random.default_rng(6), ROWS))},
        quality={feature: ColumnTally(ROWS, 0) for feature in FEATURES},
        decided={1: ROWS},
    )
    return window_counters(tally, {name: reference()})


def partial(day: int, partition: int) -> TransactionsPartial:
    start = MONDAY + day * DAY
    return TransactionsPartial(
        model=NAME,
        window=Span(start=start, end=start + DAY),
        stream="scored",
        partition=partition,
        partitions=PARTITIONS,
        watermark=start + DAY,
        counters=counters(),
    )


def test_a_partition_may_lag_by_windows() -> None:
    """Three of four are four days ahead: all that they counted is kept open for the last."""
    harness, days = Harness(partitions=1), 4
    spec = assemble_detector(
        models={NAME: MODEL},
        references=FakeReferences({reference().reference_id: reference()}),
        clock=harness.clock,
    )
    harness.add(spec, ticks=False)
    named = reference().reference_id
    step = rollout_step("promoted", about=1, in_play=((1, "champion", 100),), reference_id=named)
    harness.publish(step, time=MONDAY)
    labels = partial(days, 0).model_copy(
        update={"stream": "labels", "partitions": 1, "counters": None}
    )
    harness.publish(labels, time=MONDAY)
    for partition in range(PARTITIONS):  # the last one comes when the others have said it all
        for day in range(days):
            harness.publish(partial(day, partition), time=MONDAY + day * DAY)
    harness.run()
    assert not harness.dead_letters("drift")
    windows = [event.payload for event in harness.events(TransactionsWindowed)]
    assert [window.counters.rows for window in windows] == [PARTITIONS * ROWS] * days
    kept = harness.records(DETECTOR_STATE.name)
    assert max(len(record.value or b"") for record in kept) < MAX_RECORD_BYTES


def test_what_an_earlier_version_kept_as_plain_json_is_read() -> None:
    before = States({NAME})
    assert before.restore(DETECTOR, {NAME: b'{"champion":3,"late_rows":2}'})[NAME].champion == 3
    assert before.get(NAME).late_rows == 2
