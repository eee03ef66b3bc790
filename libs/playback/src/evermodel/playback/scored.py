"""``scored.parquet``: one row per transaction and version, read back from the lake.

Owns the long form of what the lake keeps wide, and the count of rows found there and in the
windows' counters. A version's role is the one that the last rollout step before the transaction's
time gave it.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.lake.columns import alert_column, score_column, versions_in
from evermodel.lake.files import every_file
from evermodel.lake.layout import scored_root
from evermodel.playback.givenup import GivenUp
from evermodel.playback.journal import Journal
from evermodel.playback.summary import Tally


def read_scored(lake: Path, model: str) -> pl.DataFrame:
    """Return every scored row of `model` in the lake, in order of time and id."""
    files = every_file(lake / scored_root(model))
    if not files:
        return pl.DataFrame({"id": [], "time": []})
    tables = [pl.read_parquet(file, hive_partitioning=False) for file in files]
    return pl.concat(tables, how="diagonal_relaxed").sort("time", "id")


def tally_of(scored: pl.DataFrame, journal: Journal, *, published: int, given_up: GivenUp) -> Tally:
    """Return how many of the `published` rows are in `scored`, and how often they were counted.

    `journal`: of the model of `scored`. Window by window, so that one row counted twice does not
    make up for one that was not.
    """
    uncounted, overcounted = _against_windows(scored, journal)
    return Tally(
        published=published,
        stored=len(scored),
        distinct=scored["id"].n_unique(),
        uncounted=uncounted,
        overcounted=overcounted,
        given_up=given_up,
    )


def _against_windows(scored: pl.DataFrame, journal: Journal) -> tuple[int, int]:
    """Return the rows of `scored` that published windows left out, and counted too often."""
    windows = [e.payload for e in journal.events if isinstance(e.payload, TransactionsWindowed)]
    windows.sort(key=lambda window: window.window.start)
    counted = np.array([w.counters.rows for w in windows], dtype=np.int64)
    if not len(scored) or not windows:
        return 0, int(counted.sum())
    starts, ends = (
        _micros(pl.Series([getattr(w.window, edge) for w in windows])) for edge in ("start", "end")
    )
    times = _micros(scored.unique("id", keep="any")["time"])
    at = np.searchsorted(starts, times, side="right") - 1
    inside = (at >= 0) & (times < ends[at])
    missing = np.bincount(at[inside], minlength=len(starts)) - counted
    late = sum(w.late_rows for w in windows)
    return max(0, int(np.maximum(missing, 0).sum()) - late), int(np.maximum(-missing, 0).sum())


def _micros(times: pl.Series) -> npt.NDArray[np.int64]:
    return times.cast(pl.Datetime("us", "UTC")).cast(pl.Int64).to_numpy()


def long_form(scored: pl.DataFrame, journal: Journal, *, model: str) -> pl.DataFrame:
    """Return `scored` with one row per version: id, time, version, role, decided, score, alert."""
    versions = versions_in(scored.columns)
    parts = [_of_version(scored, version, _roles(journal, model, version)) for version in versions]
    if not parts:
        return pl.DataFrame(schema=_SCHEMA)
    return pl.concat(parts).sort("time", "id", "version").select(list(_SCHEMA))


_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "version": pl.Int32,
    "role": pl.String,
    "decided": pl.Boolean,
    "score": pl.Float32,
    "alert": pl.Boolean,
}


def _of_version(scored: pl.DataFrame, version: int, roles: pl.DataFrame) -> pl.DataFrame:
    rows = scored.filter(pl.col(score_column(version)).is_not_null()).select(
        pl.col("id").cast(pl.String),
        pl.col("time").cast(pl.Datetime("us", "UTC")),
        pl.lit(version, dtype=pl.Int32).alias("version"),
        pl.col("decided_by").eq_missing(version).alias("decided"),
        pl.col(score_column(version)).cast(pl.Float32).alias("score"),
        pl.col(alert_column(version)).cast(pl.Boolean).alias("alert"),
    )
    return rows.sort("time").join_asof(roles, on="time").select(list(_SCHEMA))


def _roles(journal: Journal, model: str, version: int) -> pl.DataFrame:
    times, roles = [], []
    for event in journal.of(model).events:
        if isinstance(event.payload, RolloutStep):
            role = next((v.role for v in event.payload.in_play if v.version == version), None)
            times.append(event.meta.time)
            roles.append(role)
    schema = {"time": _SCHEMA["time"], "role": _SCHEMA["role"]}
    frame = pl.DataFrame({"time": times, "role": roles}, schema=schema)
    return frame.unique("time", keep="last", maintain_order=True).sort("time")
