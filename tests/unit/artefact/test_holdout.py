"""The hold-out reads back as the trainer saw it."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from evermodel.artefact.bundle import features_of
from evermodel.artefact.holdout import Holdout, read_holdout, write_holdout
from evermodel.common.models.description import FeaturesSection

FEATURES = features_of(FeaturesSection(continuous=("id", "label"), categorical=("score",)))


def test_rows_read_back_bit_by_bit_whatever_the_features_are_called(tmp_path: Path) -> None:
    text = np.empty(2, dtype=object)
    text[:] = ["", "42"]
    written = Holdout(
        ids=("a", "b"),
        times=(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        labels=np.array([0, 1], dtype=np.int8),
        scores=np.array([0.1, 0.9], dtype=np.float32),
        columns={
            "id": np.array([np.nan, 1.5], dtype=np.float32),
            "label": np.array([0.0, 1.0], dtype=np.float32),
            "score": text,
        },
    )
    write_holdout(tmp_path / "holdout.parquet", written)
    read = read_holdout(tmp_path / "holdout.parquet", features=FEATURES)
    assert (read.ids, read.times) == (written.ids, written.times)
    np.testing.assert_array_equal(read.labels, written.labels)
    np.testing.assert_array_equal(read.scores, written.scores)
    for name, column in written.columns.items():
        np.testing.assert_array_equal(read.columns[name], column)
        assert read.columns[name].dtype == column.dtype
