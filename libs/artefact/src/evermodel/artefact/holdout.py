"""The hold-out: the rows a candidate is judged on, as the trainer saw them.

A Parquet file with the features as `prepare` makes them (float32 with NaN, text with "") and,
beside them under names no feature may use, what is known of each row. `score` is the training
process's own answer: parity of the exported artefact is checked against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evermodel.artefact.bundle import Feature

ID, TIME, LABEL, SCORE = "__id", "__time", "__label", "__score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """Rows in time order. `labels` are 0 or 1, `scores` the training process's answers."""

    ids: tuple[str, ...]
    times: tuple[datetime, ...]
    labels: npt.NDArray[np.int8]
    scores: npt.NDArray[np.float32]
    columns: dict[str, npt.NDArray[Any]]


def write_holdout(path: Path, holdout: Holdout) -> None:
    """Write `holdout` to the file `path`."""
    import pyarrow as pa  # noqa: PLC0415  # 40 MB that the scorer never needs
    import pyarrow.parquet as pq  # noqa: PLC0415

    features = {
        name: pa.array(values, pa.string() if values.dtype == object else pa.float32())
        for name, values in holdout.columns.items()
    }
    table = pa.table(
        {
            ID: pa.array(holdout.ids, pa.string()),
            TIME: pa.array(holdout.times, pa.timestamp("us", tz="UTC")),
            LABEL: pa.array(holdout.labels, pa.int8()),
            SCORE: pa.array(holdout.scores, pa.float32()),
            **features,
        }
    )
    pq.write_table(table, path, compression="zstd")


def read_holdout(path: Path, *, features: Sequence[Feature]) -> Holdout:
    """Return the hold-out in the file `path`.

    Raises:
        KeyError: a feature's column is missing.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415  # as above

    table = pq.read_table(path)
    return Holdout(
        ids=tuple(table[ID].to_pylist()),
        times=tuple(table[TIME].to_pylist()),
        labels=np.asarray(table[LABEL].to_numpy(), dtype=np.int8),
        scores=np.asarray(table[SCORE].to_numpy(), dtype=np.float32),
        columns={f.name: _column(table[f.name], f) for f in features},
    )


def _column(column: Any, feature: Feature) -> npt.NDArray[Any]:
    if feature.kind == "categorical":
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_pylist()
        return values
    return np.asarray(column.to_numpy(), dtype=np.float32)
