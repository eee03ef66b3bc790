"""The lake as a folder of Parquet files, each written beside its place and renamed into it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evermodel.common.kernel.errors import Transient
from evermodel.common.kernel.levels import NULL, level_text
from evermodel.drift.domain.rows import Labels, Rows
from evermodel.drift.ports import Packed
from evermodel.lake.columns import (
    DECIDED_BY,
    DECISION,
    ENTITY,
    ID,
    KNOWN_AT,
    LABEL,
    PROPENSITY,
    REFERENCE,
    SOURCE,
    TIME,
    alert_column,
    feature_column,
    score_column,
)
from evermodel.lake.files import replacing

_TIME = pa.timestamp("us", tz="UTC")
#: Of a scored row and of a label alike; each has some of them.
_IDENTITY = (ID, TIME, KNOWN_AT, LABEL, SOURCE)


def import_pandas() -> None:
    """Import what pyarrow imports when it is first given an array: half a second."""
    pa.array(np.zeros(1), pa.float64())


class ParquetLake:
    """Keeps the promise of ``RowLake`` below the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def pack_rows(self, rows: Rows) -> Packed:
        """Return scored rows as an Arrow batch: numbers as doubles, levels as text."""
        columns: dict[str, pa.Array] = {
            ID: pa.array(rows.ids, pa.string()),
            ENTITY: pa.array(rows.entities, pa.string()),
            TIME: pa.array(rows.times, pa.int64()).cast(_TIME),
        }
        for name, values in rows.features.items():
            column = feature_column(name)
            if isinstance(values, np.ndarray):
                columns[column] = pa.array(values, pa.float64(), from_pandas=True)
            else:
                texts = [level_text(value) for value in values]
                columns[column] = pa.array([t if t != NULL else None for t in texts], pa.string())
        columns[DECIDED_BY] = pa.array(rows.decided_by, pa.int32())
        columns[DECISION] = pa.array(rows.decisions, pa.string())
        columns[PROPENSITY] = pa.array(rows.propensities, pa.float64())
        columns[REFERENCE] = pa.array(rows.references, pa.string())
        for version, scores in rows.scores.items():
            columns[score_column(version)] = pa.array(scores, pa.float32())
        for version, alerts in rows.alerts.items():
            columns[alert_column(version)] = pa.array(alerts, pa.bool_())
        return Packed(pa.table(columns))

    def pack_labels(self, labels: Labels) -> Packed:
        """Return labels as an Arrow batch."""
        return Packed(
            pa.table(
                {
                    ID: pa.array(labels.ids, pa.string()),
                    LABEL: pa.array(labels.labels, pa.int8()),
                    KNOWN_AT: pa.array(labels.known_at, pa.int64()).cast(_TIME),
                    SOURCE: pa.array(labels.sources, pa.string()),
                }
            ),
        )

    def write(self, path: str, parts: Sequence[Packed], *, keep: bool = False) -> None:
        """Write `parts` to `path`; a reader sees the old file or the new one.

        `keep`, and what else is kept: see the port.
        """
        table = _joined([cast(pa.Table, part) for part in parts])
        try:
            if keep or _length(self._root / path) > table.num_rows:
                table = _joined([*_others(self._root / path, table), table])
            with replacing(self._root / path) as draft:
                pq.write_table(table, draft, compression="zstd")
        except OSError as error:
            raise Transient(f"the lake does not take {path}: {error}") from error


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default")


def _others(file: Path, table: pa.Table) -> list[pa.Table]:
    """Return, if there are such, the rows of `file` that are not in `table`.

    Columns that have another type by now are left out: they do not fit into one file.
    """
    found = _found(file)
    if found is None:
        return []
    coming, others = Counter(_identities(table)), []
    for at, identity in enumerate(_identities(found)):
        if coming[identity]:
            coming[identity] -= 1
        else:
            others.append(at)
    now = {field.name: field.type for field in table.schema}
    changed = [
        field.name for field in found.schema if now.get(field.name, field.type) != field.type
    ]
    return [found.drop_columns(changed).take(others)] if others else []


def _length(file: Path) -> int:
    """Return how many rows `file` holds; none, if there is no sound one."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowException, OSError):
        return 0


def _found(file: Path) -> pa.Table | None:
    """Return what `file` holds; of one that is broken nothing can be kept."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return pq.ParquetFile(pa.BufferReader(raw)).read()
    except (pa.ArrowException, OSError):
        return None


def _identities(table: pa.Table) -> Iterator[tuple[object, ...]]:
    """Yield what tells one row from another: an id may come again at another time."""
    names = [name for name in _IDENTITY if name in table.column_names]
    return zip(*(table[name].to_numpy().tolist() for name in names), strict=True)
