"""Our scores are Evidently's where its formula is right, and differ where it is not."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Protocol

import numpy as np
import pytest

from evermodel.profile.assessment import p_value
from evermodel.profile.columns import sorted_floats
from evermodel.profile.counters import count
from evermodel.profile.effects import effect
from evermodel.profile.layout import Counts, Edges, Layout, Levels, Part
from evermodel.profile.partition import BINS, quantile_edges
from tests.integration.drift.evidently_scores import evidently_score

Values = list[float] | list[str]


class Score(Protocol):
    def __call__(self, reference: Values, window: Values, *, method: str) -> float: ...


@pytest.fixture(scope="module")
def evidently() -> Iterator[Score]:
    """Ask Evidently in a fresh process, which `spawn` makes it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:

        def score(reference: Values, window: Values, *, method: str) -> float:
            return pool.submit(evidently_score, reference, window, method).result()

        yield score


def counted(part: Part, reference: Values, window: Values) -> tuple[Counts, Counts]:
    layout = Layout([part])
    r, w = (count({"x": v}, reference_id="", layout=layout).counts for v in (reference, window))
    return layout.distribution(w, "x"), layout.distribution(r, "x")


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.2])
def test_the_p_value_of_a_number_is_evidentlys(evidently: Score, shift: float) -> None:
    """With an edge at every value; with the usual 256 the distance, and so the p, is cautious."""
    random = np.random.default_rng(4)
    reference = random.normal(0, 1, 20_000).round(1)
    window = random.normal(shift, 1, 4_000).round(1)
    exact = Edges(feature="x", edges=np.unique(reference.astype(np.float32)))
    usual = Edges(feature="x", edges=quantile_edges(sorted_floats("x", reference)))
    theirs = evidently(reference.tolist(), window.tolist(), method="ks")
    found = [
        p_value(part, *counted(part, reference.tolist(), window.tolist()), design=1.0)
        for part in (exact, usual)
    ]
    assert found[0] == pytest.approx(theirs, rel=0.05, abs=1e-9)
    assert found[1] >= found[0] * (1 - 1e-12)


def levels(shares: list[float], rows: int, *, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    names = ["a", "b", "c", "d"][: len(shares)]
    return [str(level) for level in random.choice(names, p=shares, size=rows)]


LEVELS = Levels(feature="x", kind="categorical", levels=("a", "b", "c", "d"))


@pytest.mark.parametrize("moved", [0.0, 0.01, 0.03])
def test_the_p_value_of_two_levels_is_evidentlys_of_two_proportions(
    evidently: Score, moved: float
) -> None:
    """Its only sound test of a category: chi-squared homogeneity of two levels is z squared."""
    reference = levels([0.7, 0.3], 20_000, seed=1)
    window = levels([0.7 - moved, 0.3 + moved], 4_000, seed=2)
    w, r = counted(LEVELS, reference, window)
    theirs = evidently(reference, window, method="z")
    assert p_value(LEVELS, w, r, design=1.0) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_one_level_never_seen_is_certain_drift_to_evidently_and_none_to_us(
    evidently: Score,
) -> None:
    """Its chi-squared asks whether the window fits the sample; ours, whether both are alike."""
    reference = levels([0.4, 0.3, 0.2, 0.1], 20_000, seed=1)
    window = [*levels([0.4, 0.3, 0.2, 0.1], 4_000, seed=2), "new"]
    w, r = counted(LEVELS, reference, window)
    assert evidently(reference, window, method="chisquare") < 1e-6
    assert p_value(LEVELS, w, r, design=1.0) > 0.01


def test_one_absurd_amount_blinds_evidentlys_wasserstein_and_not_us(evidently: Score) -> None:
    random = np.random.default_rng(3)
    reference = [*random.normal(0, 1, 20_000).tolist(), 1e9]
    window = random.normal(1.0, 1, 4_000).tolist()
    part = Edges(feature="x", edges=quantile_edges(sorted_floats("x", np.array(reference))))
    w, r = counted(part, reference, window)
    assert evidently(reference, window, method="wasserstein") < 0.1
    assert effect(part, w, r) == pytest.approx(0.38, abs=0.02 + 1 / BINS)
