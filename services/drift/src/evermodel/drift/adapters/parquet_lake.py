"""The lake as a folder of Parquet files, each written beside its place and renamed into it."""

from collections.abc import Sequence
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
        return cast(Packed, pa.table(columns))

    def pack_labels(self, labels: Labels) -> Packed:
        """Return labels as an Arrow batch."""
        return cast(
            Packed,
            pa.table(
                {
                    ID: pa.array(labels.ids, pa.string()),
                    LABEL: pa.array(labels.labels, pa.int8()),
                    KNOWN_AT: pa.array(labels.known_at, pa.int64()).cast(_TIME),
                    SOURCE: pa.array(labels.sources, pa.string()),
                }
            ),
        )

    def write(self, path: str, parts: Sequence[Packed]) -> None:
        """Write `parts` to `path`; a reader sees the old file or the new one."""
        table = pa.concat_tables([cast(pa.Table, p) for p in parts], promote_options="default")
        try:
            with replacing(self._root / path) as draft:
                pq.write_table(table, draft, compression="zstd")
        except OSError as error:
            raise Transient(f"the lake does not take {path}: {error}") from error
