"""A lake written by the windower's writer and read by the one join, a row or a label at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.domain.grid import micros
from evermodel.drift.domain.rows import Labels, Rows
from evermodel.lake.cohort import open_cohort
from evermodel.lake.columns import ID
from evermodel.lake.layout import labels_file, scored_file

DAY = timedelta(days=1)
MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
NOON = MONDAY + DAY / 2
T = MONDAY + 8 * DAY
MODEL = "fraud"


class Lake:
    """A lake in a folder, written by the windower's writer and read by the one join."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writer = ParquetLake(root)

    def row(
        self,
        name: str,
        *,
        at: datetime = NOON,
        window: datetime | None = None,
        chunk: int = 0,
        scores: Mapping[int, float] | None = None,
        **features: Any,
    ) -> None:
        """Write a file with one row; `window` starts on the row's day unless said."""
        given = scores or {1: 0.5}
        rows = Rows(
            offsets=np.array([chunk]),
            times=np.array([micros(at)]),
            ids=[name],
            entities=["e"],
            features={
                key: np.array([value]) if isinstance(value, float) else [value]
                for key, value in features.items()
            },
            scores={version: [score] for version, score in given.items()},
            alerts={version: [score > 0.5] for version, score in given.items()},
            failed=[[]],
            decided_by=[1],
            decisions=["pass"],
            propensities=[1.0],
            references=[None],
        )
        start = micros(window or at.replace(hour=0, minute=0, second=0, microsecond=0))
        path = scored_file(MODEL, start, partition=0, chunk=chunk)
        self._writer.write(path, [self._writer.pack_rows(rows)])

    def label(self, name: str, label: int, *, known_at: datetime, chunk: int = 0) -> None:
        """Write a file with one label."""
        labels = Labels(
            offsets=np.array([chunk]),
            known_at=np.array([micros(known_at)]),
            ids=[name],
            labels=[label],
            sources=["analyst"],
        )
        path = labels_file(MODEL, micros(known_at), partition=0, chunk=chunk)
        self._writer.write(path, [self._writer.pack_labels(labels)])

    def read(
        self,
        *columns: str,
        start: datetime = MONDAY,
        end: datetime = MONDAY + DAY,
        known_before: datetime = T,
        window: timedelta = timedelta(0),
    ) -> tuple[list[str], list[int], list[list[Any]]]:
        """Return ids, labels and `columns` of the cohort."""
        with open_cohort(
            self.root,
            MODEL,
            start=start,
            end=end,
            known_before=known_before,
            window=window,
            threads=1,
        ) as cohort:
            labels, found = cohort.read([ID, *columns])
        return found[ID].tolist(), labels.tolist(), [found[name].tolist() for name in columns]
