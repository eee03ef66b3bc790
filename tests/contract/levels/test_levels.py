"""Whoever names the level of a category names it alike: server, lake, training set, counters.

A level with two names is skew between training and serving that no hold-out shows, since the
hold-out has the name of the training set.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evermodel.artefact.bundle import features_of
from evermodel.artefact.columns import prepare
from evermodel.common.models.description import FeaturesSection
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.domain.rows import Rows
from evermodel.lake.columns import feature_column
from evermodel.profile.columns import level_counts
from evermodel.scorer.domain.payments import Payment, RowForm
from evermodel.scorer.handlers.scoring import columns_of

FEATURES = FeaturesSection(continuous=("x",), categorical=("c",))
FORM = RowForm(time="t", entity=None, id=None, continuous=("x",), categorical=("c",), flag=())

Level = str | int | bool | None

levels = st.one_of(
    st.text(max_size=5), st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.just("true")
)


def served(level: Level) -> str:
    payment = Payment(
        id="1",
        entity="1",
        time=datetime(2025, 3, 3, tzinfo=UTC),
        features={"x": 0.0, "c": level},
    )
    return str(columns_of([payment], form=FORM)["c"][0])


def kept(level: Level) -> object:
    rows = Rows(
        offsets=np.arange(1),
        times=np.zeros(1, dtype=np.int64),
        ids=["1"],
        entities=["1"],
        features={"c": [level]},
        scores={},
        alerts={},
        failed=[()],
        decided_by=[1],
        decisions=["pass"],
        propensities=[1.0],
        references=[None],
    )
    table = ParquetLake(Path()).pack_rows(rows)
    return table.column(feature_column("c")).to_pylist()[0]  # type: ignore[attr-defined]  # opaque


def learned(level: object) -> str:
    columns = prepare({"x": [0.0], "c": [level]}, features=features_of(FEATURES))
    return str(columns["c"][0])


def counted(level: Level) -> str:
    (name,) = level_counts("c", [level])
    return name


@given(levels)
def test_a_level_has_one_name_wherever_it_goes(level: Level) -> None:
    names = {served(level), learned(level), learned(kept(level)), counted(level)}
    assert len(names) == 1


def test_a_truth_value_is_the_number_it_is_elsewhere() -> None:
    assert (served(True), served(False), served(None)) == ("1", "0", "")
