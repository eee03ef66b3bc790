"""Intervals hold what they promise, and agree with published tests and with scipy."""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from evermodel.common.kernel.proportions import wilson
from evermodel.registrar.domain.intervals import paired_difference, proportion

counts = st.integers(min_value=0, max_value=300)


@pytest.mark.parametrize(("successes", "n"), [(0, 12), (3, 12), (12, 12), (431, 540)])
def test_a_proportion_agrees_with_scipy(successes: int, n: int) -> None:
    theirs = binomtest(successes, n).proportion_ci(confidence_level=0.9, method="wilson")
    ours = proportion(successes, n=n, confidence=0.95)
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


@given(gained=counts, lost=counts, agreeing=counts)
def test_paired_difference_leaves_nought_exactly_when_mcnemar_does(
    gained: int, lost: int, agreeing: int
) -> None:
    found = paired_difference(gained, lost=lost, n=gained + lost + agreeing + 1, confidence=0.95)
    mcnemar = (gained - lost) / sqrt(gained + lost) if gained + lost else 0.0
    assert (found.lower > 0) == (mcnemar > NormalDist().inv_cdf(0.95))


def test_without_discordant_pairs_it_is_the_score_interval_of_nothing_seen() -> None:
    found = paired_difference(0, lost=0, n=100, confidence=0.95)
    assert found.upper == pytest.approx(proportion(0, n=100, confidence=0.95).upper)


def test_paired_difference_agrees_with_a_bootstrap_over_the_pairs() -> None:
    changes = np.repeat([1, -1, 0], [40, 25, 435])
    draws = np.random.default_rng(1).choice(changes, size=(20_000, 500)).mean(axis=1)
    found = paired_difference(40, lost=25, n=500, confidence=0.95)
    assert found.lower == pytest.approx(np.quantile(draws, 0.05), abs=0.004)
    assert found.upper == pytest.approx(np.quantile(draws, 0.95), abs=0.004)


@given(gained=counts, lost=counts, agreeing=counts)
def test_paired_difference_holds_its_estimate_and_mirrors(
    gained: int, lost: int, agreeing: int
) -> None:
    n = gained + lost + agreeing + 1
    found = paired_difference(gained, lost=lost, n=n, confidence=0.95)
    assert -1 <= found.lower <= found.value <= found.upper <= 1
    mirrored = paired_difference(lost, lost=gained, n=n, confidence=0.95)
    assert found.lower == pytest.approx(-mirrored.upper, abs=1e-8)


@given(discordant=st.integers(0, 50), n=st.integers(100, 1000))
def test_more_agreeing_pairs_narrow_the_interval(discordant: int, n: int) -> None:
    few = paired_difference(discordant, lost=discordant, n=n, confidence=0.95)
    many = paired_difference(discordant, lost=discordant, n=4 * n, confidence=0.95)
    assert many.upper - many.lower < few.upper - few.lower


@given(st.integers(0, 200), st.sampled_from([0.05, 0.025]))
def test_what_lies_beyond_each_bound_is_told_by_its_caller(successes: int, beyond: float) -> None:
    """One-sided at 95 % in the gates and two-sided at 95 % in MLflow: one formula."""
    theirs = binomtest(successes, 200).proportion_ci(1 - 2 * beyond, method="wilson")
    assert wilson(successes, n=200, beyond=beyond) == pytest.approx((theirs.low, theirs.high))


def test_without_trials_a_share_may_be_anything() -> None:
    assert wilson(0, n=0, beyond=0.05) == (0.0, 1.0)
