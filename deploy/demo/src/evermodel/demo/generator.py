"""A seeded world of card payments with the columns of the Fraud Detection Handbook's data.

Owns the table that `make demo` plays when no file is given. Same world, same bytes. Days on
which nothing happens are stationary: the rolling windows are full before the first row shown.
"""

from datetime import timedelta

import numpy as np
import polars as pl

from evermodel.demo import crime, people, rolling
from evermodel.demo.people import DAY_SECONDS, Payments
from evermodel.demo.world import NightRaids, Outage, PriceLevel, World


def generate(world: World) -> pl.DataFrame:
    """Return the payments of `world` in time order."""
    rng = np.random.default_rng(world.seed)
    days = world.warm_up_days + world.days
    inhabitants = people.settle(world, rng)
    honest = people.live(inhabitants, days=days, rng=rng)
    raids = [h.day for h in world.happenings if isinstance(h, NightRaids)]
    payments = crime.commit(
        honest,
        inhabitants,
        world=world,
        raids_from=world.warm_up_days + min(raids, default=world.days),
        rng=rng,
    )
    shown = _table(payments, world).filter(pl.col("TX_TIME_DAYS") >= 0)
    for happening in world.happenings:
        shown = _happen(shown, happening)
    return shown.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("TRANSACTION_ID"))


def _table(payments: Payments, world: World) -> pl.DataFrame:
    begin = world.start - timedelta(days=world.warm_up_days)
    hour = payments.second % DAY_SECONDS // 3600
    day = payments.second // DAY_SECONDS - world.warm_up_days
    weekday = (day + world.start.weekday()) % 7
    amount = np.round(payments.amount, 2)
    columns = {
        "TRANSACTION_ID": pl.Series(np.zeros(len(day), dtype=np.int32)),
        "TX_DATETIME": _times(payments, np.datetime64(begin, "ms")),
        "CUSTOMER_ID": pl.Series(payments.customer, dtype=pl.Int16),
        "TERMINAL_ID": pl.Series(payments.terminal, dtype=pl.Int16),
        "TX_AMOUNT": pl.Series(amount, dtype=pl.Float32),
        "TX_TIME_DAYS": pl.Series(day, dtype=pl.Int16),
        "TX_FRAUD": pl.Series(payments.scenario > 0).cast(pl.Int8),
        "TX_FRAUD_SCENARIO": pl.Series(payments.scenario, dtype=pl.Int8),
        "TX_DURING_WEEKEND": pl.Series(weekday >= 5).cast(pl.Int8),
        "TX_DURING_NIGHT": pl.Series(hour <= 6).cast(pl.Int8),
    }
    windows = rolling.customer_windows(payments) | rolling.terminal_windows(
        payments, delay_days=world.label_delay_days
    )
    for name, values in windows.items():
        kind = pl.Int16 if "_NB_TX_" in name else pl.Float32
        columns[name] = pl.Series(values).cast(kind)
    return pl.DataFrame(columns)


def _times(payments: Payments, begin: np.datetime64) -> pl.Series:
    return pl.Series(begin + payments.second * np.timedelta64(1000, "ms"))


def _happen(table: pl.DataFrame, happening: PriceLevel | NightRaids | Outage) -> pl.DataFrame:
    """Return `table` as its source states it while `happening` lasts."""
    day = pl.col("TX_TIME_DAYS")
    match happening:
        case PriceLevel():
            amounts = [c for c in table.columns if "AMOUNT" in c]
            raised = (pl.col(amounts) * happening.factor).round(2).cast(pl.Float32)
            return table.with_columns(
                pl.when(day >= happening.day).then(raised).otherwise(pl.col(amounts))
            )
        case Outage():
            silent = [c for c in table.columns if c.startswith(f"{happening.prefix}")]
            silent = [c for c in silent if c.endswith("_WINDOW")]
            during = day.is_between(happening.day, happening.day + happening.days - 1)
            return table.with_columns(
                pl.when(during).then(None).otherwise(pl.col(silent)).name.keep()
            )
        case NightRaids():
            return table
