"""An alert answers a score: without one it is refused, and where it lies already no count."""

from collections.abc import Sequence

import numpy as np
import pytest

from evermodel.common.events.windows import TransactionsPartial, WindowCounters
from evermodel.common.kernel.errors import Poison
from evermodel.common.messaging.records import Record
from evermodel.drift.domain.outcomes import Joined, agreement, confusion
from tests.unit.drift.bench import (
    DAY,
    MONDAY,
    made_windower,
    scored,
    watermark,
)


def given_up(records: Sequence[Record]) -> tuple[dict[int, str], WindowCounters]:
    """Return the reasons by offset, and what was counted of the rest."""
    target = made_windower()
    rejected = target.on_records(records).rejected
    assert all(isinstance(each.error, Poison) for each in rejected)
    closed = target.on_records([watermark("transactions.scored", 99, MONDAY + DAY)])
    (partial,) = [e.payload for e in closed.events if isinstance(e.payload, TransactionsPartial)]
    assert partial.counters is not None
    return {each.record.offset: str(each.error) for each in rejected}, partial.counters


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("scores", "alerts", "failed"),
    [
        ({}, {"1": True}, ()),
        ({"2": 0.5}, {"1": False, "2": True}, ()),
        ({}, {"1": True}, ("1",)),
    ],
    ids=["no score", "another's score", "a failure"],
)
def test_a_row_with_an_alert_of_a_version_that_gave_no_score_is_a_dead_letter(
    scores: dict[str, float], alerts: dict[str, bool], failed: tuple[str, ...], *, alone: bool
) -> None:
    bad = scored(0, MONDAY, scores=scores, alerts=alerts, failed=failed)
    sound = scored(1, MONDAY)
    reasons, _ = given_up([bad] if alone else [bad, sound])
    assert reasons == {0: "version 1 gave an alert and no score"}


def test_a_score_without_an_alert_is_an_answer() -> None:
    reasons, counters = given_up([scored(0, MONDAY, alerts={})])
    assert not reasons
    assert counters.rows == 1


def test_there_are_never_more_alerts_than_rows() -> None:
    silent = [scored(n, MONDAY, scores={}, alerts={"1": True}) for n in range(5)]
    _, counters = given_up([*silent, scored(5, MONDAY, alerts={"1": True})])
    assert [(s.rows, s.alerts) for s in counters.served] == [(1, 1)]


def joined() -> Joined:
    """Three labelled rows, the first of which version 1 alerted on without a score."""
    scores, other = [np.nan, 0.9, 0.1], [0.8, 0.9, 0.1]
    return Joined(
        labels=np.array([1, 1, 0], dtype=np.int8),
        scores={v: np.array(s, dtype=np.float32) for v, s in ((1, scores), (2, other))},
        alerts={v: np.array([1, 1, 0], dtype=np.int8) for v in (1, 2)},
    )


def test_an_alert_without_a_score_in_the_lake_counts_for_no_version() -> None:
    counts = confusion(joined(), 1)
    assert (counts.true_positives, counts.true_negatives) == (1, 1)
    assert (counts.false_positives, counts.false_negatives) == (0, 0)
    assert (sum(counts.fraud_scores), sum(counts.genuine_scores)) == (1, 1)


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)])
def test_nor_is_it_agreed_with(versions: tuple[int, int]) -> None:
    first, second = versions
    assert agreement(joined(), first, second, label=1).both == 1
