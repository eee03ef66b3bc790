"""Two versions on the same rows: counted alike in any order, in any parts, on any machine."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events.windows import ENTITY_GROUPS, LAST_RUNG
from evermodel.drift.domain.merging import merged
from evermodel.drift.domain.pairing import groups_of, pairs_of
from evermodel.drift.domain.rows import Rows
from evermodel.drift.domain.tally import Tally
from evermodel.drift.handlers.payloads import window_counters

Answer = tuple[float | None, bool]
Seen = tuple[str, int, Answer, Answer]

scores = st.none() | st.floats(0, 1)
answers = st.tuples(scores, st.booleans())
seen = st.tuples(st.text(max_size=3), st.sampled_from([1, 2]), answers, answers)


def rows(*given: Seen) -> Rows:
    count = len(given)
    return Rows(
        offsets=np.arange(count),
        times=np.arange(count, dtype=np.int64),
        ids=[str(n) for n in range(count)],
        entities=[entity for entity, *_ in given],
        features={},
        scores={1: [a[0] for *_, a, _ in given], 2: [b[0] for *_, b in given]},
        alerts={1: [a[1] for *_, a, _ in given], 2: [b[1] for *_, b in given]},
        failed=[()] * count,
        decided_by=[decider for _, decider, *_ in given],
        decisions=["pass"] * count,
        propensities=[1.0] * count,
        references=[None] * count,
    )


def tally(*given: Seen) -> Tally:
    return Tally.of(rows(*given), references={}, limits={}, chunks=frozenset())


def test_it_counts_where_one_alerts_alone_and_how_far_apart_the_scores_lie() -> None:
    told = (
        ("ada", 1, (0.5, True), (0.5, True)),
        ("ada", 1, (0.5, True), (0.5, False)),
        ("ben", 1, (0.5, False), (1 / (1 + math.exp(-1.0)), True)),
        ("ben", 2, (0.5, False), (0.5, True)),
    )
    ada, ben = groups_of(["ada", "ben"])
    assert ada != ben

    first, second = window_counters(tally(*told), {}).paired
    assert (first.decided_by, first.older, first.newer) == (1, 1, 2)
    assert (first.rows, first.older_alone, first.newer_alone) == (3, 1, 1)
    assert (first.group_rows[ada], first.group_rows[ben]) == (2, 1)
    assert (first.group_gaps[ada], first.group_gaps[ben]) == (0, 10)
    assert sum(first.group_spreads) == 10
    assert (second.decided_by, second.rows, second.newer_alone) == (2, 1, 1)


def test_a_row_that_one_version_did_not_score_is_none_of_both() -> None:
    found = pairs_of(
        rows(("ada", 1, (None, False), (0.5, True)), ("ben", 1, (0.1, True), (0.1, True)))
    )

    assert (found[1, 2].rows, found[1, 2].newer_alone) == (1, 0)
    assert pairs_of(rows(("ada", 1, (None, False), (0.5, True)))) == {}


@pytest.mark.parametrize(("score", "rung"), [(0.0, -LAST_RUNG), (1.0, LAST_RUNG), (0.5, 0)])
def test_certain_answers_are_as_far_as_the_last_rung(score: float, rung: int) -> None:
    found = pairs_of(rows(("ada", 1, (0.5, False), (score, False))))

    assert found[1, 2].group_gaps.sum() == rung
    assert found[1, 2].group_spreads.sum() == abs(rung)


@given(st.lists(seen, max_size=30), st.integers(0, 30))
def test_parts_add_to_the_whole_whether_as_tallies_or_as_events(given: list[Seen], at: int) -> None:
    whole = window_counters(tally(*given), {})
    parts = tally(*given[:at]), tally(*given[at:])
    one, other = (window_counters(part, {}) for part in parts)

    assert window_counters(parts[0] + parts[1], {}).paired == whole.paired
    assert merged(one, other).paired == merged(other, one).paired == whole.paired


def test_counts_from_before_there_were_spreads_still_add() -> None:
    whole = window_counters(tally(("ada", 1, (0.5, False), (0.9, False))), {})
    (pair,) = whole.paired
    older = whole.model_copy(update={"paired": (pair.model_copy(update={"group_spreads": ()}),)})

    (added,) = merged(older, whole).paired
    assert added.group_spreads == pair.group_spreads
    assert added.rows == pair.rows * 2


@given(st.lists(st.text(), min_size=1))
def test_an_entity_has_one_group_and_every_group_exists(entities: list[str]) -> None:
    assert (groups_of(entities) == [groups_of([e])[0] for e in entities]).all()
    assert set(groups_of(entities)) <= set(range(ENTITY_GROUPS))
