"""The sequential test: exact where it can be checked, honest at every look, and quick enough."""

import math
import random
import statistics
from functools import lru_cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evermodel.deployer.domain.betting import (
    MOST,
    wealth,
    wealth_of_excess,
    wealth_of_mean,
    wealth_of_shift,
)

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


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_mean_of_ones_and_minus_ones_is_that_of_their_coins(lost: int, won: int) -> None:
    assert wealth_of_mean([(lost, 1.0), (won, -1.0)]) == pytest.approx(
        min(wealth(lost, won), MOST), rel=0.01
    )


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0.0, 5.0)), min_size=1, max_size=4),
    st.floats(-5.0, -0.1),
)
def test_the_next_row_is_a_fair_bet_where_the_mean_is_nought(
    rows: list[tuple[int, float]], lowest: float
) -> None:
    values = [lowest, *(value for _, value in rows)]
    counts = [7, *(count for count, _ in rows)]
    above = sum(values[1:])
    chances = [above / -lowest, *(1.0 for _ in rows)]  # of each value, up to a common factor

    def after(more: int | None) -> float:
        return wealth_of_mean(
            [(c + (i == more), v) for i, (c, v) in enumerate(zip(counts, values, strict=True))]
        )

    nexts = [after(i) for i in range(len(values))]
    assume(max(nexts) < 0.99 * MOST)  # there it is cut off
    mean = math.fsum(c * then for c, then in zip(chances, nexts, strict=True)) / math.fsum(chances)
    assert mean == pytest.approx(after(None), rel=1e-6)


def test_no_rows_are_no_evidence() -> None:
    assert wealth(0, 0) == 1.0


@given(st.integers(0, 9), st.integers(0, 60), st.sampled_from([0.1, 0.5]))
def test_the_next_toss_of_an_excess_is_a_fair_bet(heads: int, tails: int, share: float) -> None:
    def after(more_heads: int, more_tails: int) -> float:
        tosses = [(3, 5, 0.2), (heads + more_heads, tails + more_tails, share)]
        return wealth_of_excess(tosses, clustering=1.0)

    next_on_average = share * after(1, 0) + (1 - share) * after(0, 1)
    assert next_on_average == pytest.approx(after(0, 0), rel=1e-6)


def test_strata_of_one_side_only_say_nothing_of_an_excess() -> None:
    assert wealth_of_excess([(5, 0, 1.0), (0, 5, 0.0)], clustering=1.5) == 1.0


def test_a_shift_that_was_estimated_is_a_fair_bet() -> None:
    """Its mean over Student's distribution is one, however few the degrees of freedom."""
    for degrees in (3, 31):
        step, total = 0.01, 0.0
        for n in range(-20_000, 20_001):
            t = n * step
            log = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
            log -= (degrees + 1) / 2 * math.log1p(t * t / degrees)
            density = math.exp(log) / math.sqrt(degrees * math.pi)
            total += density * step * wealth_of_shift(t, variance=1.0, likely=3.0, degrees=degrees)
        assert total == pytest.approx(1.0, abs=0.02)


def test_looking_after_every_window_raises_a_false_alarm_no_more_often_than_alpha() -> None:
    seed, alarms, walks, windows = random.Random(5), 0, 1000, 60
    for _ in range(walks):
        walk = 0.0
        for n in range(1, windows + 1):
            walk += seed.gauss(0.0, 0.3)
            known = {"variance": 0.09 / n, "likely": 0.1, "degrees": 10_000}
            if wealth_of_shift(walk / n, **known) >= 1 / ALPHA:  # type: ignore[arg-type]
                alarms += 1
                break
    assert alarms / walks <= ALPHA


def test_a_shift_that_is_the_same_everywhere_is_certain() -> None:
    assert wealth_of_shift(0.3, variance=0.0, likely=0.1, degrees=31) == MOST
    assert wealth_of_shift(0.0, variance=0.0, likely=0.1, degrees=31) == 1.0
