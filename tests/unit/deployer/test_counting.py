"""Sums of many terms: which of them are looked at, and that the sum is the same.

A busy stream has a hundred million rows a day. A version that fails each of them must go at once.
"""

import math

from hypothesis import given
from hypothesis import strategies as st

from evermodel.deployer.domain.betting import log_wealth
from evermodel.deployer.domain.counting import poisson_at_least, poisson_at_most, weighty

MILLIONS = 100_000_000


def log_poisson(k: int, *, mean: float) -> float:
    return k * math.log(mean) - mean - math.lgamma(k + 1)


@given(count=st.integers(0, 400), mean=st.floats(1e-9, 1e3))
def test_the_sum_is_that_of_all_terms(count: int, mean: float) -> None:
    terms = (math.exp(log_poisson(k, mean=mean)) for k in range(count + 1))

    assert poisson_at_most(count, mean) == min(1.0, math.fsum(terms))


def test_of_millions_of_terms_few_are_looked_at() -> None:
    looked_at = []

    def log_term(k: int) -> float:
        looked_at.append(k)
        return log_poisson(k, mean=MILLIONS / 100)

    weighty(log_term, last=MILLIONS, peak=MILLIONS // 100)

    assert len(looked_at) < MILLIONS / 1000


def test_millions_of_failures_are_no_accident() -> None:
    assert poisson_at_least(MILLIONS, MILLIONS / 100) < 1e-6
    assert 0.4 < poisson_at_least(MILLIONS, float(MILLIONS)) < 0.6


def test_a_fair_coin_wins_nothing_in_millions_of_tosses() -> None:
    assert log_wealth(MILLIONS // 2, MILLIONS // 2) < 0.0


def test_more_rows_than_anybody_has_count_for_many() -> None:
    most = 2**53

    assert poisson_at_least(most, most / 100) < 1e-6
    assert log_wealth(most, 0) > 100
    assert log_wealth(0, most) < 0
