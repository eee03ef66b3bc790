"""Each part of the drift rule is needed: without it, quiet streams alarm or a shift is missed.

Every law here judges the same seeded streams twice, by the rule and by the rule with one part
left out. Windows in a quiet stream differ from day to day (`mood`), as real ones do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.streams import CONTINUOUS, SCHEMA, Rows, rows_of, window_of
from evermodel.profile.assessment import Assessment, assess, gate
from evermodel.profile.building import build_reference
from evermodel.profile.counters import count
from evermodel.profile.reference import Reference
from evermodel.profile.schema import ALL, Schema

TRAINING_DAYS, STREAMS, DAYS, FLOOR = 28, 4, 10, 0.05

Part = Callable[[Assessment], bool]


def without_the_gate(found: Assessment) -> bool:
    return found.significant


def without_multiplicity(found: Assessment) -> bool:
    return found.p_value < 0.05 and found.effect >= FLOOR


def without_evidence(found: Assessment) -> bool:
    return found.effect >= found.gate


def with_the_floor_alone(found: Assessment) -> bool:
    return found.effect >= FLOOR


def the_rule(found: Assessment) -> bool:
    return found.flagged


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Quiet streams: `trained` rows a day before, `rows` a day afterwards."""

    trained: int
    rows: int
    mood: float = 0.0


def assessed(rows: Rows, reference: Reference, *, day: str = ALL) -> tuple[Assessment, ...]:
    counters = count(rows, reference_id=reference.reference_id, layout=reference.layout)
    return assess(
        counters, reference, window_class=day, min_effect=FLOOR, false_discovery_rate=0.01
    )


def learned(rng: np.random.Generator, stream: Quiet) -> Reference:
    days = [rows_of(rng, rows=stream.trained, mood=stream.mood) for _ in range(TRAINING_DAYS)]
    windows = [window_of(rows, day=number) for number, rows in enumerate(days)]
    return build_reference(windows, schema=SCHEMA, min_rows=100)


def judged(stream: Quiet) -> Iterator[list[tuple[Assessment, ...]]]:
    """Yield the days of each of the streams after its training."""
    for seed in range(STREAMS):
        rng = np.random.default_rng(seed)
        reference = learned(rng, stream)
        yield [
            assessed(rows_of(rng, rows=stream.rows, mood=stream.mood), reference)
            for _ in range(DAYS)
        ]


def share_flagged(stream: Quiet, *, by: Part) -> float:
    days = [any(by(found) for found in day) for days in judged(stream) for day in days]
    return sum(days) / len(days)


@pytest.mark.parametrize(
    ("stream", "lesser", "at_least"),
    [
        (Quiet(trained=5_000, rows=5_000, mood=0.05), without_the_gate, 0.15),
        (Quiet(trained=5_000, rows=500), without_evidence, 0.7),
        (Quiet(trained=1_000, rows=1_000, mood=0.05), with_the_floor_alone, 0.7),
        (Quiet(trained=1_000, rows=1_000, mood=0.05), without_multiplicity, 0.3),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_part_left_out_makes_quiet_days_alarm(
    stream: Quiet, lesser: Part, at_least: float
) -> None:
    assert share_flagged(stream, by=lesser) >= at_least
    assert share_flagged(stream, by=the_rule) <= 0.05


def test_persistence_keeps_what_one_unlucky_day_would_break() -> None:
    """Where single days are flagged now and then, no feature is flagged two days running."""
    stream = Quiet(trained=1_000, rows=1_000, mood=0.02)
    flagged = [[{a.feature for a in day if a.flagged} for day in days] for days in judged(stream)]
    assert any(day for days in flagged for day in days)
    assert not any(before & now for days in flagged for before, now in pairwise(days))


def test_a_shift_of_a_third_of_a_deviation_is_seen_every_day_all_the_same() -> None:
    rng = np.random.default_rng(5)
    reference = learned(rng, Quiet(trained=5_000, rows=5_000, mood=0.02))
    for _ in range(DAYS):
        day = assessed(rows_of(rng, rows=5_000, mood=0.02, shifted=0.33), reference)
        assert [found.feature for found in day if found.flagged] == [CONTINUOUS[0]]


def repeated(rng: np.random.Generator, *, customers: int, each: int) -> Rows:
    """Return rows of customers with `each` nearly equal payments: far fewer than they look."""
    once = rows_of(rng, rows=customers)
    return {name: np.repeat(values, each) for name, values in once.items()}


def test_rows_that_belong_together_count_for_fewer() -> None:
    rng = np.random.default_rng(6)
    days = [repeated(rng, customers=250, each=20) for _ in range(TRAINING_DAYS)]
    windows = [window_of(rows, day=number) for number, rows in enumerate(days)]
    reference = build_reference(windows, schema=SCHEMA, min_rows=100)
    naive = with_history(reference, design=1.0)
    new = [repeated(rng, customers=250, each=20) for _ in range(DAYS)]

    def significant(judge: Reference) -> int:
        return sum(any(found.significant for found in assessed(rows, judge)) for rows in new)

    assert significant(naive) >= DAYS - 1
    assert significant(reference) <= 1


def with_history(reference: Reference, *, design: float) -> Reference:
    features = {
        name: replace(past, design=design) for name, past in reference.history.features.items()
    }
    return replace(reference, history=replace(reference.history, features=features))


WEEKLY = Schema(continuous=("AMOUNT",), season="weekday")
POOLED = Schema(continuous=("AMOUNT",), season="none")


def weekly(rng: np.random.Generator, day: int, *, shifted: float = 0.0) -> Rows:
    """Return a day of a stream whose weekends spend more."""
    weekend = 0.8 if day % 7 >= 5 else 0.0
    return {"AMOUNT": rng.normal(weekend + shifted, 1.0, 5_000).astype(np.float32)}


@pytest.mark.parametrize(("schema", "seen"), [(WEEKLY, True), (POOLED, False)])
def test_only_a_reference_of_the_same_weekday_sees_a_shift_as_large_as_the_weekend(
    schema: Schema, seen: bool
) -> None:
    rng = np.random.default_rng(7)
    windows = [window_of(weekly(rng, day), day=day) for day in range(56)]
    reference = build_reference(windows, schema=schema, min_rows=100)
    day = "0" if schema is WEEKLY else ALL
    moved = assessed(weekly(rng, 56, shifted=0.4), reference, day=day)
    still = assessed(weekly(rng, 56), reference, day=day)
    assert [found.flagged for found in moved] == [seen]
    assert [found.flagged for found in still] == [False]


def test_without_a_history_the_gate_asks_for_what_chance_cannot_do() -> None:
    rng = np.random.default_rng(8)
    reference = learned(rng, Quiet(trained=1_000, rows=1_000))
    cold = replace(reference, history=replace(reference.history, quantile=None))
    days = [assessed(rows_of(rng, rows=1_000), cold) for _ in range(DAYS)]
    assert not any(found.flagged for day in days for found in day)
    assert all(found.gate > FLOOR + 0.05 for day in days for found in day)


def test_more_rows_ask_a_cold_gate_for_less() -> None:
    reference = learned(np.random.default_rng(9), Quiet(trained=1_000, rows=1_000))
    cold = replace(reference, history=replace(reference.history, quantile=None))
    part = cold.layout.parts[0]
    against = cold.layout.distribution(cold.counts(ALL), part.feature)
    gates = [
        gate(cold, part, window, against, min_effect=FLOOR, alpha=0.01)
        for window in (against // 100, against // 10, against)
    ]
    assert gates == sorted(gates, reverse=True)
    assert gates[-1] > FLOOR


def test_a_warm_gate_allows_for_the_mean_being_itself_an_estimate() -> None:
    reference = learned(np.random.default_rng(10), Quiet(trained=1_000, rows=1_000))
    part = reference.layout.parts[0]
    cells = reference.layout.distribution(reference.counts(ALL), part.feature)
    past, c = reference.history.features[part.feature], reference.history.quantile
    assert c is not None
    expected = past.mean + c * past.spread * (1 + 1 / past.windows) ** 0.5
    assert gate(reference, part, cells, cells, min_effect=0.0, alpha=0.01) == pytest.approx(
        expected
    )
