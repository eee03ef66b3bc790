"""Small lakes to train on, and plans over them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evermodel.common.events.payload import Span
from evermodel.common.models.description import ModelDescription
from evermodel.lake.columns import ENTITY, ID, TIME, feature_column
from evermodel.trainer.ports import Plan

START = datetime(2026, 1, 5, tzinfo=UTC)
DELAY = timedelta(days=7)


def description(**sections: Any) -> ModelDescription:
    default: dict[str, Any] = {
        "model": {"name": "fraud"},
        "stream": {"time": "t", "label": "y"},
        "features": {"continuous": ["amount"], "categorical": ["merchant"], "flag": ["night"]},
        "windows": {"min_rows": 100},
        "training": {
            "window": "12d",
            "calibration": "3d",
            "holdout": "3d",
            "epochs": 12,
            "hidden": [32],
        },
        "decision": {"alert_budget": 0.2},
    }
    return ModelDescription.model_validate({**default, **sections})


def holes(values: list[Any], *, share: float, seed: int) -> list[Any]:
    """Return `values` with this share of them null."""
    gone = np.random.default_rng(seed).random(len(values)) < share
    return [None if hole else value for hole, value in zip(gone, values, strict=True)]


def table(*, days: int = 12, per_day: int = 200, seed: int = 1) -> pl.DataFrame:
    """Return rows whose fraud is learnable: large amounts at bad merchants."""
    random = np.random.default_rng(seed)
    n = days * per_day
    amount = random.lognormal(3, 1, n)
    merchant = random.choice(["m1", "m2", "bad"], n)
    fraud = random.random(n) < np.where((merchant == "bad") & (amount > 20), 0.5, 0.01)
    return pl.DataFrame(
        {
            "id": [f"t{i:06d}" for i in range(n)],
            "entity": [f"e{i % 97}" for i in range(n)],
            "time": [START + timedelta(days=days * i / n) for i in range(n)],
            "amount": holes(amount.tolist(), share=0.05, seed=seed + 1),
            "merchant": holes(merchant.tolist(), share=0.05, seed=seed + 2),
            "night": random.random(n) < 0.3,
            "label": fraud.astype(int),
        },
        schema_overrides={"amount": pl.Float64, "merchant": pl.String},
    )


def write_lake(root: Path, rows: pl.DataFrame, *, model: str = "fraud") -> None:
    """Write `rows` as the windower does: a file per day, labels apart by the day they are known."""
    days = rows.with_columns(pl.col("time").dt.date().cast(pl.String).alias("day"))
    for (day,), part in days.group_by(["day"], maintain_order=True):
        folder = root / model / "scored" / f"day={day}" / f"w={str(day).replace('-', '')}T0000"
        folder.mkdir(parents=True)
        kept = part.drop("day", "label")
        kept.rename(_lake_name).write_parquet(folder / "p0-0.parquet")
        known = part.drop_nulls("label").select(
            "id",
            pl.col("label").cast(pl.Int8),
            (pl.col("time") + DELAY).alias("known_at"),
            pl.lit("analyst").alias("source"),
        )
        labels = root / model / "labels" / f"day={(part['time'][0] + DELAY).date()}"
        labels.mkdir(parents=True, exist_ok=True)
        known.write_parquet(labels / f"p0-{day}.parquet")


def _lake_name(column: str) -> str:
    return column if column in {ID, ENTITY, TIME} else feature_column(column)


def plan(
    lake: Path, *, days: int = 12, model: ModelDescription | None = None, **extra: Any
) -> Plan:
    end = START + timedelta(days=days)
    return Plan(
        model=model or description(),
        lake=str(lake),
        span=Span(start=START, end=end),
        as_of=end + DELAY,
        threads=1,
        **extra,
    )
