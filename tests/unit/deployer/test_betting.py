"""The sequential test: exact where it can be checked, honest at every look, and quick enough."""

import math
import random
import statistics
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.deployer.domain.betting import wealth

ALPHA = 0.05
_wealth = lru_cache(maxsize=None)(wealth)


def stops_at(chance: float, *, limit: int, seed: random.Random) -> int | None:
    heads = 0
    for n in range(1, limit + 1):
        heads += seed.random() < chance
        if _wealth(heads, n - heads) >= 1 / ALPHA:
            return n
    return None


@given(st.integers(0, 300), st.integers(0, 300))
def test_it_equals_the_closed_form_in_whole_numbers(heads: int, tails: int) -> None:
    n = heads + tails
    exact = sum(math.comb(n + 1, i) for i in range(heads + 1)) / ((n + 1) * math.comb(n, heads))

    assert wealth(heads, tails) == pytest.approx(min(exact, 1e12), rel=1e-6)


@given(st.integers(0, 35), st.integers(0, 35), st.sampled_from([0.5, 0.75]))
def test_the_next_toss_is_a_fair_bet_at_the_edge_of_the_null(
    heads: int, tails: int, p0: float
) -> None:
    next_on_average = p0 * wealth(heads + 1, tails, p0=p0) + (1 - p0) * wealth(
        heads, tails + 1, p0=p0
    )

    assert next_on_average == pytest.approx(wealth(heads, tails, p0=p0), rel=1e-6)


def test_looking_after_every_row_raises_a_false_alarm_no_more_often_than_alpha() -> None:
    seed = random.Random(20180601)
    alarms = sum(stops_at(0.5, limit=400, seed=seed) is not None for _ in range(800))

    assert alarms / 800 <= ALPHA


@pytest.mark.parametrize(("chance", "median"), [(0.8, 17), (0.7, 35)])
def test_it_stops_after_as_few_discordant_frauds_as_stated(chance: float, median: int) -> None:
    seed = random.Random(7)
    stops = [stops_at(chance, limit=2000, seed=seed) or 2000 for _ in range(400)]

    assert statistics.median(stops) == pytest.approx(median, rel=0.2)


def test_no_rows_are_no_evidence() -> None:
    assert wealth(0, 0) == 1.0
