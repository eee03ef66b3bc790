"""Each bound of the quality checks is a key of model.toml: at it passes, above it fails."""

from typing import Any

import pytest

from evermodel.common.events.windows import (
    CategoricalCounts,
    ColumnQuality,
    ReferenceCounts,
    WindowCounters,
)
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.policy import DriftSection
from evermodel.drift.domain.quality import failures_of
from tests.unit.drift.bench import described, referenced

REFERENCE, ROWS = referenced(), 1000


def model(**bounds: float) -> ModelDescription:
    described_as = described()
    drift = described_as.drift.model_copy(update=bounds)
    return described_as.model_copy(update={"drift": drift})


def failed(counters: WindowCounters, **bounds: float) -> list[tuple[str, str | None, float]]:
    found = failures_of(counters, model(**bounds), reference=REFERENCE, window_class="0")
    return [(f.check, f.column, f.bound) for f in found if f.check in {"nulls", "range", "unseen"}]


def window(**quality: Any) -> WindowCounters:
    return WindowCounters(
        rows=ROWS, quality={"amount": ColumnQuality(rows=ROWS, **quality)}, references=()
    )


def levels(unseen: int) -> WindowCounters:
    shop = CategoricalCounts(
        levels={"a": ROWS - unseen - 1, "b": 1}, other=0, nulls=0, unseen=unseen
    )
    counted = ReferenceCounts(
        reference_id=REFERENCE.reference_id, rows=ROWS, categorical={"shop": shop}
    )
    return WindowCounters(rows=ROWS, quality={}, references=(counted,))


def test_the_defaults_are_those_that_were_constants() -> None:
    drift = DriftSection()
    assert (drift.null_jump, drift.max_outside, drift.max_unseen) == (0.10, 0.001, 0.5)


@pytest.mark.parametrize("jump", [0.02, 0.10, 0.3])
def test_nulls_may_jump_by_what_the_model_says(jump: float) -> None:
    at, above = round(ROWS * jump), round(ROWS * jump) + 1
    assert failed(window(nulls=at), null_jump=jump) == []
    assert failed(window(nulls=above), null_jump=jump) == [("nulls", "amount", jump)]


@pytest.mark.parametrize("share", [0.001, 0.05])
def test_rows_out_of_range_may_be_as_many_as_the_model_says(share: float) -> None:
    at, above = round(ROWS * share), round(ROWS * share) + 1
    assert failed(window(nulls=0, below=at), max_outside=share) == []
    assert failed(window(nulls=0, below=above), max_outside=share) == [("range", "amount", share)]


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_unseen_levels_may_be_as_many_as_the_model_says(share: float) -> None:
    at, above = round(ROWS * share), round(ROWS * share) + 1
    assert failed(levels(at), max_unseen=share) == []
    assert failed(levels(above), max_unseen=share) == [("unseen", "shop", share)]


def test_a_failure_is_told_in_percent() -> None:
    (found,) = failures_of(window(nulls=ROWS), model(), reference=REFERENCE, window_class="0")
    assert found.detail == "100 % of the rows are null, more than 10 %"
