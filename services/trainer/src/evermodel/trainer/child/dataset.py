"""The training set: the lake's rows of a span, with their labels as known at one time.

Duplicates are resolved by id, the latest label wins, windows that failed quality stay out.
Rows come in order of time and id, so the same plan over the same lake gives the same rows in
the same order, whatever files they lie in; the digest says so.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from evermodel.artefact.bundle import Feature, features_of
from evermodel.artefact.columns import BadColumns, prepare
from evermodel.trainer.child.refusal import Refused
from evermodel.trainer.ports import Plan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNLABELLED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows in order of time. `times` in microseconds since 1970, `labels` 1, 0 or -1 (none)."""

    ids: npt.NDArray[np.object_]
    times: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int8]
    columns: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, mask: npt.NDArray[np.bool_]) -> "Rows":
        """Return the rows that `mask` keeps."""
        return Rows(
            ids=self.ids[mask],
            times=self.times[mask],
            labels=self.labels[mask],
            columns={name: column[mask] for name, column in self.columns.items()},
        )

    def between(self, start: datetime, end: datetime) -> "Rows":
        """Return the rows of ``start <= time < end``."""
        return self.where((self.times >= micros(start)) & (self.times < micros(end)))

    def labelled(self) -> "Rows":
        """Return the rows whose label is known."""
        return self.where(self.labels != UNLABELLED)

    @property
    def frauds(self) -> int:
        """How many are known to be fraud."""
        return int((self.labels == 1).sum())

    def digest(self) -> str:
        """Return ``sha256:...`` over every value in order."""
        total = hashlib.sha256(self.times.tobytes() + self.labels.tobytes())
        for name, column in {"": self.ids, **self.columns}.items():
            total.update(f"\0{name}\0".encode())
            text = column.dtype == object
            total.update("\0".join(column).encode() if text else column.tobytes())
        return f"sha256:{total.hexdigest()}"


def micros(time: datetime) -> int:
    """Return microseconds since 1970."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def time_of(at: int) -> datetime:
    """Return the time that `micros` gives as `at`."""
    return _EPOCH + timedelta(microseconds=int(at))


def read_rows(plan: Plan) -> Rows:
    """Return the rows of the plan's span, labelled or not.

    Raises:
        Refused: there are none, or a feature is missing or of the wrong kind.
    """
    root = Path(plan.lake) / plan.model.name
    scored = _files(root / "scored", since=plan.span.start, until=plan.span.end)
    if not scored:
        raise Refused(f"no rows in the lake from {_day(plan.span.start)} to {_day(plan.span.end)}")
    labels = _files(root / "labels", since=plan.span.start, until=plan.as_of)
    features = features_of(plan.model.features)
    with duckdb.connect(":memory:", config={"threads": plan.threads}) as lake:
        lake.execute("set timezone = 'UTC'")
        _check_columns(lake, scored, features)
        query = lake.sql(_query(scored, labels, features), params=_bounds(plan, labels))
        table: Any = query.to_arrow_table()
    try:
        columns = prepare(
            {f.name: _values(table[f"f{i}"], f) for i, f in enumerate(features)}, features=features
        )
    except BadColumns as error:
        raise Refused(str(error)) from error
    rows = Rows(
        ids=_objects(table["id"].to_pylist()),
        times=table["at"].to_numpy(),
        labels=table["label"].to_numpy(),
        columns=columns,
    )
    return rows.where(_kept(rows, plan))


def _files(folder: Path, *, since: datetime, until: datetime) -> list[str]:
    """Return the Parquet files of the days that can hold `since` to `until`, in order."""
    first, last = f"day={_day(since)}", f"day={_day(until)}"
    days = sorted(d for d in folder.glob("day=*") if first <= d.name <= last)
    return [str(file) for day in days for file in sorted(day.rglob("*.parquet"))]


def _day(time: datetime) -> str:
    return time.astimezone(UTC).date().isoformat()


def _check_columns(
    lake: duckdb.DuckDBPyConnection, files: Sequence[str], features: Sequence[Feature]
) -> None:
    found = lake.execute(f"describe select * from {_parquet(files)}").fetchall()  # noqa: S608  # paths of the lake, quoted
    missing = [f.name for f in features if f.name not in {column[0] for column in found}]
    if missing:
        raise Refused(f"the lake has no column {', '.join(map(repr, missing))}")


def _query(scored: Sequence[str], labels: Sequence[str], features: Sequence[Feature]) -> str:
    names = [_name(feature.name) for feature in features]
    chosen = ", ".join(f"s.{name} as f{i}" for i, name in enumerate(names))
    known = (
        f"select id, last(label order by known_at, label) as label from {_parquet(labels)} "  # noqa: S608  # names and paths are quoted, values are bound
        "where known_at <= $as_of group by id"
        if labels
        else "select null::varchar as id, null::tinyint as label where false"
    )
    return (
        f"with rows as (select * from {_parquet(scored)} where time >= $start and time < $end "  # noqa: S608  # as above
        f"qualify row_number() over (partition by id order by time, {', '.join(names)}) = 1), "
        f"known as ({known}) "
        f"select s.id as id, epoch_us(s.time) as at, "
        f"coalesce(k.label, {UNLABELLED})::tinyint as label, {chosen} "
        "from rows s left join known k on k.id = s.id order by s.time, s.id"
    )


def _bounds(plan: Plan, labels: Sequence[str]) -> dict[str, datetime]:
    bounds = {"start": plan.span.start, "end": plan.span.end}
    return {**bounds, "as_of": plan.as_of} if labels else bounds


def _parquet(files: Sequence[str]) -> str:
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _values(column: Any, feature: Feature) -> Any:
    if feature.kind == "categorical" or column.null_count or str(column.type) == "bool":
        return column.to_pylist()
    return column.to_numpy()


def _objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _kept(rows: Rows, plan: Plan) -> npt.NDArray[np.bool_]:
    kept = np.ones(len(rows), dtype=np.bool_)
    for span in plan.left_out:
        kept &= (rows.times < micros(span.start)) | (rows.times >= micros(span.end))
    return kept
