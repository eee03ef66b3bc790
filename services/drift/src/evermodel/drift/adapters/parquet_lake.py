"""The lake as a folder of Parquet files, each written beside its place and renamed into it."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evermodel.common.kernel.errors import Transient
from evermodel.drift.domain.rows import Labels, Rows
from evermodel.drift.ports import Packed
from evermodel.profile.columns import NULL, level_text

_TIME = pa.timestamp("us", tz="UTC")


class ParquetLake:
    """Keeps the promise of ``RowLake`` below the folder `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def pack_rows(self, rows: Rows) -> Packed:
        """Return scored rows as an Arrow batch: numbers as doubles, levels as text."""
        columns: dict[str, pa.Array] = {
            "id": pa.array(rows.ids, pa.string()),
            "entity": pa.array(rows.entities, pa.string()),
            "time": pa.array(rows.times, pa.int64()).cast(_TIME),
        }
        for name, values in rows.features.items():
            if isinstance(values, np.ndarray):
                columns[name] = pa.array(values, pa.float64(), from_pandas=True)
            else:
                texts = [level_text(value) for value in values]
                columns[name] = pa.array([t if t != NULL else None for t in texts], pa.string())
        columns["decided_by"] = pa.array(rows.decided_by, pa.int32())
        columns["decision"] = pa.array(rows.decisions, pa.string())
        columns["propensity"] = pa.array(rows.propensities, pa.float64())
        columns["reference"] = pa.array(rows.references, pa.string())
        for version, scores in rows.scores.items():
            columns[f"score_v{version}"] = pa.array(scores, pa.float32())
        for version, alerts in rows.alerts.items():
            columns[f"alert_v{version}"] = pa.array(alerts, pa.bool_())
        return cast(Packed, pa.table(columns))

    def pack_labels(self, labels: Labels) -> Packed:
        """Return labels as an Arrow batch."""
        return cast(
            Packed,
            pa.table(
                {
                    "id": pa.array(labels.ids, pa.string()),
                    "label": pa.array(labels.labels, pa.int8()),
                    "known_at": pa.array(labels.known_at, pa.int64()).cast(_TIME),
                    "source": pa.array(labels.sources, pa.string()),
                }
            ),
        )

    def write(self, path: str, parts: Sequence[Packed]) -> None:
        """Write `parts` to `path`; a reader sees the old file or the new one."""
        file = self._root / path
        draft = file.with_name(f".{file.name}.draft")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            table = pa.concat_tables([cast(pa.Table, p) for p in parts], promote_options="default")
            pq.write_table(table, draft, compression="zstd")
            draft.replace(file)
        except OSError as error:
            raise Transient(f"the lake does not take {path}: {error}") from error
