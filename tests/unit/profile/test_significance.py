"""Our effect sizes and p-values are SciPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evermodel.profile.columns import BadColumn, sorted_floats
from evermodel.profile.counters import count
from evermodel.profile.effects import effect, effective_rows
from evermodel.profile.layout import Edges, Layout, Levels
from evermodel.profile.partition import BINS, quantile_edges
from evermodel.profile.significance import (
    benjamini_hochberg,
    chi_squared_p,
    homogeneity,
    kolmogorov_p,
)


@given(st.floats(0.01, 6.0))
def test_kolmogorov_tail_is_scipys(x: float) -> None:
    rows = 10_000.0
    root = rows**0.5
    distance = x / (root + 0.12 + 0.11 / root)
    ours = kolmogorov_p(distance, effective_rows=rows)
    assert ours == pytest.approx(float(stats.kstwobign.sf(x)), rel=1e-6, abs=1e-14)


@given(st.floats(0.001, 5000.0), st.integers(1, 400))
def test_chi_squared_tail_is_scipys(statistic: float, degrees: int) -> None:
    ours = chi_squared_p(statistic, degrees=degrees)
    assert ours == pytest.approx(float(stats.chi2.sf(statistic, degrees)), rel=1e-8, abs=1e-13)


@given(
    st.lists(st.integers(0, 500), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_homogeneity_is_scipys_contingency(window: list[int], random: np.random.Generator) -> None:
    reference = [random.randint(0, 5000) for _ in window]  # type: ignore[attr-defined]  # Random
    if not sum(window) or not sum(reference):
        return
    ours, degrees = homogeneity(np.array(window), np.array(reference))
    table = np.array([window, reference])
    table = table[:, table.sum(axis=0) > 0]
    theirs = stats.chi2_contingency(table, correction=False)
    assert degrees == theirs.dof
    assert ours == pytest.approx(float(theirs.statistic), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("kind", ["normal", "heavy", "zeros"])
def test_distance_is_scipys_within_one_bin(shift: float, kind: str) -> None:
    random = np.random.default_rng(3)
    reference, window = random.normal(0, 1, 40_000), random.normal(shift, 1, 5000)
    if kind == "heavy":
        reference, window = np.exp(3 * reference), np.exp(3 * window)
    if kind == "zeros":
        reference, window = np.maximum(reference, 0), np.maximum(window, 0)
    part = Edges(feature="x", edges=quantile_edges(sorted_floats("x", reference)))
    layout = Layout([part])
    r, w = (count({"x": v}, reference_id="", layout=layout).counts for v in (reference, window))
    theirs = stats.ks_2samp(window.astype(np.float32), reference.astype(np.float32))
    assert effect(part, w, r) <= theirs.statistic + 1e-12
    assert effect(part, w, r) == pytest.approx(theirs.statistic, abs=1 / BINS)
    asymptotic = kolmogorov_p(theirs.statistic, effective_rows=effective_rows(w, r, design=1.0))
    assert asymptotic == pytest.approx(theirs.pvalue, rel=0.05, abs=1e-6)


def test_a_shift_between_heavy_values_is_seen_whole() -> None:
    """Zeros that become small amounts: one edge would leave both in one bin."""
    reference = np.concatenate([np.zeros(5000), np.linspace(1, 2, 5000)])
    window = np.concatenate([np.full(5000, 1e-6), np.linspace(1, 2, 5000)])
    part = Edges(feature="x", edges=quantile_edges(sorted_floats("x", reference)))
    layout = Layout([part])
    r, w = (count({"x": v}, reference_id="", layout=layout).counts for v in (reference, window))
    assert effect(part, w, r) == pytest.approx(0.5, abs=0.01)
    below = np.array([-1e-6 if v == 0 else v for v in reference])
    assert effect(
        part, count({"x": below}, reference_id="", layout=layout).counts, r
    ) == pytest.approx(0.5)


def test_nulls_that_come_up_are_an_effect_of_their_share() -> None:
    part = Edges(feature="x", edges=np.array([0.0, 1.0], dtype=np.float32))
    assert effect(part, np.array([10, 10, 10, 70]), np.array([30, 30, 40, 0])) == pytest.approx(0.7)


def test_total_variation_pools_nothing_away() -> None:
    part = Levels(feature="x", kind="categorical", levels=("a", "b"))
    window, reference = np.array([50, 20, 10, 20]), np.array([30, 60, 10, 0])
    assert effect(part, window, reference) == pytest.approx(0.4)


def test_one_absurd_value_moves_nothing() -> None:
    random = np.random.default_rng(1)
    values = random.normal(0, 1, 20_000)
    part = Edges(feature="x", edges=quantile_edges(sorted_floats("x", values)))
    layout = Layout([part])
    spoiled = np.append(values, 1e9)
    r, w = (count({"x": v}, reference_id="", layout=layout).counts for v in (values, spoiled))
    assert effect(part, w, r) < 1e-4


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.001, 0.2))
def test_benjamini_hochberg_is_scipys(p_values: list[float], rate: float) -> None:
    adjusted = stats.false_discovery_control(p_values)
    ours = benjamini_hochberg(p_values, rate=rate)
    clear = np.abs(adjusted - rate) > 1e-12
    assert np.array_equal(np.array(ours)[clear], (adjusted <= rate)[clear])


def test_no_rows_are_no_evidence() -> None:
    part = Edges(feature="x", edges=np.array([0.0], dtype=np.float32))
    nothing, some = np.zeros(3, dtype=np.int64), np.array([5, 5, 0])
    assert effect(part, nothing, some) == 0.0
    assert kolmogorov_p(0.9, effective_rows=effective_rows(nothing, some, design=1.0)) == 1.0
    assert chi_squared_p(0.0, degrees=3) == 1.0


def test_infinities_among_the_training_rows_are_no_edges() -> None:
    random = np.random.default_rng(2)
    values = np.concatenate([random.normal(0, 1, 900), [np.inf] * 50, [-np.inf] * 50])
    part = Edges(feature="x", edges=quantile_edges(sorted_floats("x", values)))
    assert np.isfinite(part.edges).all()
    counts = count({"x": values}, reference_id="", layout=Layout([part])).counts
    assert counts.sum() == 1000


def test_an_integer_no_float_can_hold_is_a_bad_column() -> None:
    with pytest.raises(BadColumn, match="column x"):
        sorted_floats("x", [10**400])
