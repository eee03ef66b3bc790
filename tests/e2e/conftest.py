"""Tables unlike the demo's, small and seeded, each with the description that reads it.

And what the twin says of each neighbour of ``small_bank`` alone, which several tests compare with.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from evermodel.common.models.file import parse_model
from evermodel.playback.source import Table, read_frame
from evermodel.twin.replay import Span, play
from tests.e2e.small_bank import neighbour

Alone = Callable[[str], Mapping[str, Any]]

_START = datetime(2025, 1, 6)  # noqa: DTZ001  # a naive column, read as UTC

_LEARNING = """
[training]
window = "{window}"
calibration = "{slice}"
holdout = "{slice}"
regime = "{slice}"
epochs = 2
hidden = [16]
batch_size = 256
[gates]
margin = 0.5
min_frauds = 5
[rollout]
min_rows = 10
"""


def _fraud(rng: np.random.Generator, signal: np.ndarray, share: float) -> np.ndarray:
    noisy = signal + rng.normal(0, 0.5, len(signal))
    found: np.ndarray = (noisy > np.quantile(noisy, 1 - share)).astype(np.int8)
    return found


def words_and_nulls() -> Table:
    """Two weeks of orders: string categories with rare and late levels, nulls, an odd name."""
    rng = np.random.default_rng(1)
    n = 14 * 300
    shop = rng.choice(
        ["Bäckerei", "kiosk", 'the "corner"', "<b>bar</b>"], n, p=[0.4, 0.3, 0.2, 0.1]
    )
    amount = rng.gamma(2, 20, n)
    late = np.arange(n) > n * 0.8
    shop = np.where(late & (rng.random(n) < 0.02), "never seen before", shop)
    table = pl.DataFrame(
        {
            "order": [f"o-{i}" for i in range(n)],
            "at": [_START + timedelta(days=14) * i / n for i in range(n)],
            "card": [f"card {i % 97}" for i in range(n)],
            "shop": shop,
            'sum "€"': amount,
            "abroad": rng.random(n) < 0.2,
            "state": np.where(_fraud(rng, amount / 40 + (shop == "kiosk"), 0.05) > 0, "BAD", "OK"),
        }
    ).with_columns(
        pl.when(pl.Series(rng.random(n) < 0.1)).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("shop", 'sum "€"', "abroad")
    )
    head = """
[model]
name = "orders"
[stream]
time = "at"
label = "state"
label_positive = "BAD"
id = "order"
entity = "card"
label_delay = "1d"
[features]
continuous = ['sum "€"']
categorical = ["shop"]
flag = ["abroad"]
[windows]
min_rows = 50
season = "none"
"""
    model = parse_model(head + _LEARNING.format(window="8d", slice="2d"), source="orders")
    return read_frame(table, model=model, name="orders")


def nobody_every_half_hour() -> Table:
    """Two days of sensor rows without entity or id, integer codes, half-hourly windows."""
    rng = np.random.default_rng(2)
    n = 96 * 60
    level = rng.normal(0, 1, n)
    table = pl.DataFrame(
        {
            "when": [_START + timedelta(days=2) * i / n for i in range(n)],
            "level": level,
            "code": rng.integers(0, 6, n),
            "broken": _fraud(rng, level, 0.04),
        }
    )
    head = """
[model]
name = "sensors"
[stream]
time = "when"
label = "broken"
label_delay = "2h"
[features]
continuous = ["level"]
categorical = ["code"]
[windows]
length = "30m"
min_rows = 20
season = "none"
"""
    model = parse_model(head + _LEARNING.format(window="24h", slice="4h"), source="sensors")
    return read_frame(table, model=model, name="sensors")


def hardly_ever_labelled() -> Table:
    """Two weeks of claims of which one in ten is ever looked at."""
    rng = np.random.default_rng(3)
    n = 14 * 600
    size = rng.gamma(2, 1, n)
    fraud = _fraud(rng, size, 0.06)
    seen = rng.random(n) < 0.1
    table = pl.DataFrame(
        {
            "claim": np.arange(n),
            "filed": [_START + timedelta(days=14) * i / n for i in range(n)],
            "size": size,
            "fraud": pl.Series(np.where(seen, fraud, -1), dtype=pl.Int8),
        }
    ).with_columns(pl.col("fraud").replace(-1, None))
    head = """
[model]
name = "claims"
[stream]
time = "filed"
label = "fraud"
id = "claim"
label_delay = "1d"
[features]
continuous = ["size"]
[windows]
min_rows = 50
season = "none"
"""
    model = parse_model(head + _LEARNING.format(window="8d", slice="2d"), source="claims")
    return read_frame(table, model=model, name="claims")


UNLIKE: dict[str, Callable[[], Table]] = {
    "string categories and nulls": words_and_nulls,
    "no entity, no id, half-hourly windows": nobody_every_half_hour,
    "labels missing for most rows": hardly_ever_labelled,
}


@pytest.fixture
def unlike_tables() -> list[Table]:
    """All three."""
    return [make() for make in UNLIKE.values()]


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """The summary of a neighbour that the twin plays by itself; each is played once."""

    @cache
    def summary(name: str) -> Mapping[str, Any]:
        (played,) = play([neighbour(name)], tmp_path_factory.mktemp(name), span=Span())
        return played.content

    return summary
