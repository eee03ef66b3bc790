"""Counts that cannot be held against the champion's reference are broken input, never a bug."""

from collections.abc import Callable

import pytest

from evermodel.common.events.windows import (
    CategoricalCounts,
    ContinuousCounts,
    ReferenceCounts,
    TransactionsWindowed,
)
from tests.unit.drift.detecting import Desk
from tests.unit.drift.windows import REFERENCE, window

Change = Callable[[ReferenceCounts], dict[str, object]]


def changed(given: TransactionsWindowed, change: Change) -> TransactionsWindowed:
    (counts,) = given.counters.references
    other = counts.model_copy(update=change(counts))
    counters = given.counters.model_copy(update={"references": (other,)})
    return given.model_copy(update={"counters": counters, "quality": "pass", "failures": ()})


@pytest.mark.parametrize("rows", [100, 1000])
@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (lambda _: {"continuous": {}, "categorical": {}}, {"amount", "shop", "night"}),
        (lambda _: {"continuous": {"amount": ContinuousCounts(bins=(1, 2), nulls=0)}}, {"amount"}),
        (
            lambda c: {
                "categorical": {
                    **c.categorical,
                    "shop": CategoricalCounts(levels={"z": 3}, other=0, nulls=0),
                }
            },
            {"shop"},
        ),
        (
            lambda c: {
                "categorical": {
                    **c.categorical,
                    "amount": CategoricalCounts(levels={}, other=0, nulls=0),
                },
                "continuous": {},
            },
            {"amount"},
        ),
    ],
    ids=["none", "other bins", "other levels", "another kind"],
)
def test_counts_of_another_form_fail_quality_however_few(
    change: Change, columns: set[str], rows: int
) -> None:
    desk = Desk(REFERENCE)
    desk.start()
    desk.crown()
    desk.harness.run()
    for number in range(4):
        given = changed(window(number, rows=rows), change)
        desk.harness.publish(given, time=given.window.end)
    desk.harness.run()
    assert desk.harness.dead_letters("drift") == []
    (verdict,) = desk.verdicts()
    assert (verdict.payload.cause, verdict.payload.severity) == ("quality", "watch")
    schema = {f.column for f in verdict.payload.failures if f.check == "schema"}
    assert schema == columns
