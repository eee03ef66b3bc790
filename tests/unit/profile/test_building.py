"""A reference carries everything that later verdicts rest on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from evermodel.profile.assessment import Assessment, assess
from evermodel.profile.building import build_reference
from evermodel.profile.columns import BadColumn
from evermodel.profile.history import gate_quantile
from evermodel.profile.reference import FILE, BadReference, Reference
from evermodel.profile.schema import ALL, Schema
from evermodel.profile.units import WindowRows

MONDAY = datetime(2018, 6, 4, tzinfo=UTC)
SCHEMA = Schema(continuous=("amount", "risk"), categorical=("shop",), flag=("weekend",))


def day(
    number: int, *, rows: int = 2000, shift: float = 0.0, alerts: int | None = 20, seed: int = 0
) -> WindowRows:
    random = np.random.default_rng([seed, number])
    weekend = (MONDAY + timedelta(days=number)).weekday() >= 5
    amounts = random.lognormal(3 + 0.4 * weekend, 1, rows) * (1 + shift)
    return WindowRows(
        start=MONDAY + timedelta(days=number),
        end=MONDAY + timedelta(days=number + 1),
        columns={
            "amount": amounts,
            "risk": np.where(random.random(rows) < 0.9, 0.0, random.random(rows)),
            "shop": random.choice(["a", "b", "c", ""], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "weekend": np.full(rows, float(weekend)),
        },
        alerts=alerts,
    )


def built(days: int = 28, **given: object) -> Reference:
    windows = [day(n) for n in range(days)]
    return build_reference(windows, schema=SCHEMA, min_rows=1000, **given)  # type: ignore[arg-type]  # passed on


def assessed(reference: Reference, window: WindowRows) -> dict[str, Assessment]:
    found = assess(
        reference.count(window.columns),
        reference,
        window_class=SCHEMA.window_class(window.start, window.end),
        min_effect=0.05,
        false_discovery_rate=0.01,
    )
    return {a.feature: a for a in found}


def test_what_was_saved_loads_equal_and_has_the_same_id(tmp_path: Path) -> None:
    reference = built()
    reference.save(tmp_path)
    loaded = Reference.load(tmp_path, expect=reference.reference_id)
    assert loaded.reference_id == reference.reference_id
    assert loaded.history == reference.history
    window = day(40)
    assert loaded.count(window.columns) == reference.count(window.columns)


def test_equal_rows_give_equal_ids_and_other_rows_another() -> None:
    assert built().reference_id == built().reference_id
    assert built().reference_id != built(27).reference_id


def test_an_altered_reference_does_not_load(tmp_path: Path) -> None:
    reference = built()
    file = reference.save(tmp_path)
    file.write_bytes(file.read_bytes().replace(b'"rare":[]', b'"rare":["x"]'))
    with pytest.raises(BadReference, match="its id is"):
        Reference.load(tmp_path, expect=reference.reference_id)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": 9}'])
def test_what_is_not_a_reference_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BadReference, match="not a reference"):
        Reference.load(tmp_path)


def test_an_absent_reference_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadReference, match="cannot be read"):
        Reference.load(tmp_path)


def test_a_window_is_compared_with_its_own_weekday() -> None:
    """A pooled reference would flag every weekend: amounts and the flag differ there."""
    reference = built()
    for number in range(28, 35):
        assert not [a.feature for a in assessed(reference, day(number)).values() if a.flagged]
    pooled = assess(
        reference.count(day(33).columns),
        reference,
        window_class=ALL,
        min_effect=0.05,
        false_discovery_rate=0.01,
    )
    assert {a.feature for a in pooled if a.significant and a.effect > 0.05} >= {"weekend"}


def test_amounts_that_rise_by_half_are_flagged() -> None:
    found = assessed(built(), day(30, shift=0.5))
    assert [a.feature for a in found.values() if a.flagged] == ["amount"]
    assert found["amount"].effect > found["amount"].gate >= 0.05


def test_a_drift_is_the_new_normal_from_its_onset_on() -> None:
    onset = MONDAY + timedelta(days=20)
    windows = [day(n, shift=0.0 if n < 20 else 0.6) for n in range(28)]
    mixed = build_reference(windows, schema=SCHEMA, min_rows=1000)
    rebased = build_reference(windows, schema=SCHEMA, min_rows=1000, since={"amount": onset})
    later = [day(n, shift=0.6) for n in range(28, 42)]
    worst = max(assessed(rebased, w)["amount"].effect for w in later if w.start.weekday() < 5)
    assert worst < min(assessed(mixed, w)["amount"].effect for w in later)
    assert not any(a.flagged for w in later for a in assessed(rebased, w).values())
    assert assessed(rebased, day(35, shift=0.0))["amount"].flagged
    assert (rebased.since, mixed.since) == ({"amount": onset}, {})


def test_a_reference_comes_back_as_it_was_saved_with_its_onsets(tmp_path: Path) -> None:
    windows = [day(n) for n in range(28)]
    for since in ({}, {"amount": MONDAY + timedelta(days=20)}):
        made = build_reference(windows, schema=SCHEMA, min_rows=1000, since=since)
        made.save(tmp_path)
        found = Reference.load(tmp_path, expect=made.reference_id)
        assert found.since == since
        assert found.reference_id == made.reference_id


def test_small_windows_are_joined_as_the_detector_joins_them() -> None:
    windows = [day(n, rows=300) for n in range(28)]
    reference = build_reference(windows, schema=SCHEMA, min_rows=1000)
    assert reference.history.windows == 7
    assert int(reference.layout.distribution(reference.counts(ALL), "amount").sum()) == 28 * 300


def test_volume_is_known_by_weekday() -> None:
    windows = [day(n, rows=1000 if n % 7 == 6 else 3000) for n in range(28)]
    volume = build_reference(windows, schema=SCHEMA, min_rows=500).history.volume
    assert (volume["6"].lowest, volume["0"].lowest, volume[ALL].lowest) == (1000, 3000, 1000)


def test_alert_rate_is_learned_from_windows_that_tell_theirs() -> None:
    windows = [day(n, alerts=None if n < 16 else 20 + n % 3) for n in range(28)]
    alerts = build_reference(windows, schema=SCHEMA, min_rows=1000).history.alerts
    assert alerts is not None
    assert alerts.windows == 12
    assert alerts.mean == pytest.approx(0.0105, abs=0.0002)
    few = [day(n, alerts=None if n < 25 else 20) for n in range(28)]
    assert build_reference(few, schema=SCHEMA, min_rows=1000).history.alerts is None


def test_clustered_rows_have_a_design_effect_and_a_wider_gate() -> None:
    """Repeat customers: without it every p-value is too small and the gate too low."""

    def clustered(number: int) -> WindowRows:
        random = np.random.default_rng([9, number])
        amounts = np.repeat(random.normal(0, 1, 100), 20)
        return WindowRows(
            start=MONDAY + timedelta(days=number),
            end=MONDAY + timedelta(days=number + 1),
            columns={"amount": amounts},
        )

    schema = Schema(continuous=("amount",), season="none")
    windows = [clustered(n) for n in range(28)]
    history = build_reference(windows, schema=schema, min_rows=1000).history
    assert history.features["amount"].design > 5
    assert history.quantile is not None
    assert (
        history.features["amount"].mean + history.quantile * history.features["amount"].spread > 0.1
    )


def test_too_few_windows_leave_the_cold_start_gate() -> None:
    reference = built(5)
    assert reference.history.quantile is None
    gate = assessed(reference, day(5))["amount"].gate
    assert 0.05 < gate < 0.25


def test_the_quantile_is_extrapolated_beyond_few_windows() -> None:
    effects = np.random.default_rng(5).normal(0.01, 0.003, (28, 10))
    far, near = (gate_quantile(effects, quantile=q) for q in (0.99, 0.9))
    assert far is not None
    assert near is not None
    assert 2.0 < near < far < 9.0


def test_no_rows_make_no_reference() -> None:
    with pytest.raises(ValueError, match="needs rows"):
        build_reference([], schema=SCHEMA, min_rows=1000)
    with pytest.raises(ValueError, match="needs rows"):
        build_reference([day(1, rows=0)], schema=SCHEMA, min_rows=1000)


def test_a_missing_column_is_named() -> None:
    window = day(1)
    bare = WindowRows(start=window.start, end=window.end, columns={"amount": [1.0]})
    with pytest.raises(BadColumn, match="risk, shop, weekend"):
        build_reference([bare], schema=SCHEMA, min_rows=1)


def test_an_all_null_column_can_be_counted_and_compared() -> None:
    windows = [
        WindowRows(
            start=MONDAY + timedelta(days=n),
            end=MONDAY + timedelta(days=n + 1),
            columns={"amount": [None] * 50},
        )
        for n in range(10)
    ]
    schema = Schema(continuous=("amount",), season="none")
    reference = build_reference(windows, schema=schema, min_rows=10)
    counters = reference.count({"amount": [None, 1.0]})
    assert counters.counts.tolist() == [1, 1]
    assert reference.history.features["amount"].nulls == 1.0
