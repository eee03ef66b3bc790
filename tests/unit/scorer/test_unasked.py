"""A version that is not asked any more is silent; while none at all can be asked, payments wait."""

from collections.abc import Callable, Sequence

import pytest

from evermodel.common.kernel.errors import Transient
from evermodel.scorer.ports import Columns, ScoringAway, Unasked
from tests.unit.scorer.bench import Bench, payment, play, record


def raising(error: Exception) -> Callable[[Columns], Sequence[float]]:
    """A formula that answers the first question, which is part of loading, and none after."""
    asked = []

    def formula(columns: Columns) -> Sequence[float]:
        asked.append(columns)
        if len(asked) > 1:
            raise error
        return [0.5]

    return formula


def test_one_that_is_not_asked_is_counted_and_not_said_anew(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.store.formulas["v2"] = raising(Unasked("not asked any more"))
    bench.step(play(1, role="champion", weight=80), play(2, role="challenger", weight=20))
    rows = bench.score(*(payment(CUSTOMER_ID=n) for n in range(50)))
    assert {(row["decided_by"], *row["failed"]) for row in rows} == {(1, "2")}
    assert caplog.records == []


def test_payments_wait_while_nobody_can_be_asked(bench: Bench) -> None:
    bench.store.formulas["v1"] = raising(ScoringAway("no model can be asked"))
    bench.step(play(1, role="champion", weight=100))
    with pytest.raises(Transient, match="no model can be asked"):
        bench.react([record(payment())])
