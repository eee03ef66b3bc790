"""The generator's promises: same seed same bytes, quiet days alike, the story visible."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from evermodel.demo.generator import generate
from evermodel.demo.world import QUIET, STORY

SMALL = replace(QUIET, days=20, customers=600, terminals=800)


@cache
def _story() -> pl.DataFrame:
    return generate(STORY)


def _days(first: int, last: int) -> pl.DataFrame:
    return _story().filter(pl.col("TX_TIME_DAYS").is_between(first, last))


def _distance(column: str, one: pl.DataFrame, other: pl.DataFrame) -> float:
    a, b = (np.sort(t[column].drop_nulls().to_numpy()) for t in (one, other))
    at = np.concatenate([a, b])
    cdf_a = np.searchsorted(a, at, side="right") / len(a)
    cdf_b = np.searchsorted(b, at, side="right") / len(b)
    return float(np.abs(cdf_a - cdf_b).max())


def test_same_world_gives_the_same_table_and_another_seed_another() -> None:
    assert generate(SMALL).equals(generate(SMALL))
    assert not generate(SMALL).equals(generate(replace(SMALL, seed=8)))


def test_rows_are_in_time_order_with_unique_ids_and_the_handbook_columns() -> None:
    table = generate(SMALL)
    assert table["TX_DATETIME"].is_sorted()
    assert table["TRANSACTION_ID"].is_unique().all()
    assert len(table.columns) == 22
    assert table["TX_TIME_DAYS"].unique().to_list() == list(range(20))


def test_about_one_payment_in_eighty_is_a_fraud() -> None:
    assert 0.008 < float(_story()["TX_FRAUD"].to_numpy().mean()) < 0.016


@pytest.mark.parametrize("day", range(20, 28))
def test_a_quiet_day_is_far_from_the_smallest_drift_that_counts(day: int) -> None:
    history, today = _days(0, 17), _days(day, day)
    windows = [c for c in today.columns if c.endswith("_WINDOW")]
    effects = {c: _distance(c, history, today) for c in ["TX_AMOUNT", *windows]}
    assert max(effects.values()) < 0.04, effects


@pytest.mark.parametrize("day", [28, 29, 48, 49])
def test_a_drift_is_plain_on_amounts_and_averages(day: int) -> None:
    before = _days(0, 17) if day < 48 else _days(28, 44)
    averages = [c for c in before.columns if "AVG_AMOUNT" in c]
    for column in ["TX_AMOUNT", *averages]:
        assert _distance(column, before, _days(day, day)) > 0.1


def test_terminal_features_are_null_during_the_outage_and_only_then() -> None:
    silent = _story().filter(pl.col("TERMINAL_ID_RISK_7DAY_WINDOW").is_null())
    assert silent["TX_TIME_DAYS"].unique().to_list() == [45, 46]
    assert len(silent) == len(_days(45, 46))


def test_terminal_risk_holds_no_label_younger_than_the_delay() -> None:
    """Fraud done yesterday at a fresh terminal cannot show in yesterday's risk."""
    table = generate(SMALL)
    first = (
        table.filter(pl.col("TX_FRAUD_SCENARIO") == 2)
        .group_by("TERMINAL_ID")
        .agg(pl.col("TX_DATETIME").min().alias("first"))
    )
    early = table.join(first, on="TERMINAL_ID").filter(
        (pl.col("first") > pl.col("TX_DATETIME").min().dt.offset_by("3d"))
        & (pl.col("TX_DATETIME") < pl.col("first").dt.offset_by("2d"))
        & (pl.col("TX_DATETIME") >= pl.col("first"))
    )
    assert len(early) > 50
    quiet = early.filter(pl.col("TERMINAL_ID_RISK_1DAY_WINDOW") > 0.5)
    assert len(quiet) < 0.02 * len(early)
