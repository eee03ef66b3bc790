"""Which value means fraud is compared as what the column holds: numbers as numbers."""

import polars as pl
import pytest

from evermodel.common.models.description import ModelDescription
from evermodel.playback.source import LABEL, BadData, read_frame

FRAUDS = [n % 10 == 0 for n in range(40)]


def labelled(frame: pl.DataFrame, fraud: object, sound: object, kind: pl.DataType) -> pl.DataFrame:
    labels = [fraud if is_fraud else sound for is_fraud in FRAUDS]
    return frame.with_columns(pl.Series("bad", labels, dtype=kind))


def saying(model: ModelDescription, positive: str | int) -> ModelDescription:
    stream = model.stream.model_copy(update={"label_positive": positive})
    return model.model_copy(update={"stream": stream})


@pytest.mark.parametrize("positive", [1, "1", "1.0", "1e0"])
@pytest.mark.parametrize("kind", [pl.Float64(), pl.Float32(), pl.Int8(), pl.Decimal(5, 2)], ids=str)
def test_a_number_is_compared_as_one(
    positive: str | int, kind: pl.DataType, frame: pl.DataFrame, model: ModelDescription
) -> None:
    table = read_frame(labelled(frame, 1, -1, kind), model=saying(model, positive))
    assert table.frame[LABEL].to_list() == [int(is_fraud) for is_fraud in FRAUDS]


def test_a_label_that_is_not_known_stays_so(frame: pl.DataFrame, model: ModelDescription) -> None:
    holed = labelled(frame, 1.0, -1.0, pl.Float64()).with_columns(
        pl.when(pl.col("key") == 101).then(float("nan")).otherwise(pl.col("bad")).alias("bad")
    )
    assert read_frame(holed, model=saying(model, 1)).frame[LABEL][1] is None


@pytest.mark.parametrize("positive", [1, "true"])
def test_a_truth_is_one_or_a_word(
    positive: str | int, frame: pl.DataFrame, model: ModelDescription
) -> None:
    table = read_frame(labelled(frame, True, False, pl.Boolean()), model=saying(model, positive))
    assert table.frame[LABEL].sum() == sum(FRAUDS)


def test_a_word_for_a_column_of_numbers_is_said(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    with pytest.raises(BadData, match="label_positive is 'UP', and column bad holds Float64"):
        read_frame(labelled(frame, 1.0, -1.0, pl.Float64()), model=saying(model, "UP"))


def test_a_value_that_never_occurs_is_one_class(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    with pytest.raises(BadData, match=r"one class only \(0\)"):
        read_frame(labelled(frame, 1.0, -1.0, pl.Float64()), model=saying(model, 2))
