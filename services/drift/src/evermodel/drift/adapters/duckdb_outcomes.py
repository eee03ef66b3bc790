"""Reads a cohort's scores and labels from the lake's Parquet files with DuckDB."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from evermodel.common.kernel.errors import Transient
from evermodel.drift.domain.outcomes import UNLABELLED, Joined

_SCORE = re.compile(r"score_v(\d+)")
_DAY = timedelta(days=1)


class DuckdbOutcomes:
    """Keeps the promise of ``OutcomesLake`` below the folder `root`."""

    def __init__(self, root: Path, *, threads: int = 1) -> None:
        self._root, self._threads = root, threads

    def join(self, model: str, *, start: datetime, end: datetime, known_until: datetime) -> Joined:
        """Return the cohort ``start <= time < end`` with the labels known before `known_until`."""
        import duckdb  # noqa: PLC0415  # 60 MB that only this role pays

        scored = self._files(f"{model}/scored", start, end)
        if not scored:
            return Joined(np.empty(0, np.int8), {}, {})
        labels = self._files(f"{model}/labels", start, known_until)
        try:
            with duckdb.connect(":memory:", config={"threads": self._threads}) as lake:
                lake.execute("set timezone = 'UTC'")
                versions = _versions(lake, scored)
                bounds: dict[str, object] = {"start": start, "end": end}
                if labels:
                    bounds["known"] = known_until
                found = lake.execute(_query(scored, labels, versions), bounds).fetchnumpy()
        except (duckdb.IOException, OSError) as error:
            raise Transient(f"the lake does not answer: {error}") from error
        return Joined(
            labels=_filled(found["label"], UNLABELLED).astype(np.int8),
            scores={v: _filled(found[f"s{v}"], np.nan).astype(np.float32) for v in versions},
            alerts={v: _filled(found[f"a{v}"], -1).astype(np.int8) for v in versions},
        )

    def _files(self, folder: str, since: datetime, until: datetime) -> list[str]:
        days = int((until - since) / _DAY) + 2
        names = [f"day={since + _DAY * i:%Y-%m-%d}" for i in range(days)]
        found = (f for name in names for f in (self._root / folder / name).rglob("*.parquet"))
        return sorted(str(file) for file in found)


def _versions(lake: Any, files: Sequence[str]) -> list[int]:
    columns = lake.execute(f"describe select * from {_parquet(files)}").fetchall()  # noqa: S608  # quoted
    found = (_SCORE.fullmatch(column[0]) for column in columns)
    return sorted(int(match.group(1)) for match in found if match)


def _query(scored: Sequence[str], labels: Sequence[str], versions: Sequence[int]) -> str:
    """Return the join: one row per transaction id, its latest label, every version's answer."""
    answers = "".join(
        f", any_value(score_v{v}) as s{v}, any_value(alert_v{v}::tinyint) as a{v}" for v in versions
    )
    rows = (
        f"select id{answers} from {_parquet(scored)} "  # noqa: S608  # quoted paths, bound values
        "where time >= $start and time < $end group by id"
    )
    if not labels:
        return f"select rows.*, null::tinyint as label from ({rows}) rows order by id"  # noqa: S608
    known = (
        f"select id, last(label order by known_at, label) as label from {_parquet(labels)} "  # noqa: S608  # as above
        "where known_at < $known group by id"
    )
    return (
        f"select rows.*, known.label from ({rows}) rows "  # noqa: S608  # as above
        f"left join ({known}) known using (id) order by id"
    )


def _parquet(files: Sequence[str]) -> str:
    quoted = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    return f"read_parquet([{quoted}], union_by_name = true, hive_partitioning = false)"


def _filled(column: Any, missing: float) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the column with `missing` where DuckDB says null (a masked array)."""
    return np.asarray(np.ma.filled(np.ma.asarray(column).astype(np.float32), missing))
