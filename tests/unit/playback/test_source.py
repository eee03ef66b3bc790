"""What a data file may look like, and what is said when it does not."""

from collections.abc import Callable

import polars as pl
import pytest

from evermodel.common.models.description import ModelDescription
from evermodel.playback.source import ENTITY, ID, LABEL, TIME, BadData, read_frame


def test_an_unsorted_table_is_sorted_and_says_so(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    table = read_frame(frame.reverse(), model=model)
    assert table.frame[TIME].is_sorted()
    assert table.frame.equals(read_frame(frame, model=model).frame), "and plays the same"
    assert "sorted" in table.notices[0]


def test_nan_is_read_as_null_and_says_so(frame: pl.DataFrame, model: ModelDescription) -> None:
    holed = frame.with_columns(
        pl.when(pl.col("sum") > 30).then(float("nan")).otherwise(pl.col("sum")).alias("sum")
    )
    table = read_frame(holed, model=model)
    assert table.frame["sum"].null_count() == 10
    assert "10 NaN" in table.notices[0]


def test_a_forbidden_column_that_the_table_lacks_is_noticed(
    frame: pl.DataFrame, model: ModelDescription
) -> None:
    assert read_frame(frame, model=model).notices == ()
    stream = model.stream.model_copy(update={"forbidden": ("leak", "leek", "chargebck")})
    table = read_frame(frame, model=model.model_copy(update={"stream": stream}))
    assert table.notices == (
        "stream.forbidden names chargebck, leek, which the table does not have: is it misspelt?",
    )


def test_a_table_without_ids_is_numbered(frame: pl.DataFrame, model: ModelDescription) -> None:
    stream = model.stream.model_copy(update={"id": None, "entity": None})
    table = read_frame(frame, model=model.model_copy(update={"stream": stream}))
    assert table.frame[ID][:2].to_list() == ["0", "1"]
    assert table.frame[ENTITY].to_list() == table.frame[ID].to_list()
    assert table.model.stream.id == "evermodel_row"


def test_a_label_may_be_a_word(frame: pl.DataFrame, model: ModelDescription) -> None:
    words = frame.with_columns(
        pl.when(pl.col("bad") == 1).then(pl.lit("UP")).otherwise(pl.lit("DOWN")).alias("bad")
    )
    with pytest.raises(BadData, match="label_positive"):
        read_frame(words, model=model)
    stream = model.stream.model_copy(update={"label_positive": "UP"})
    table = read_frame(words, model=model.model_copy(update={"stream": stream}))
    assert table.frame[LABEL].sum() == 4


BAD: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "no rows": (lambda f: f.clear(), "no rows"),
    "a missing column": (lambda f: f.drop("sum"), "no column sum"),
    "no labels": (lambda f: f.with_columns(bad=pl.lit(None, dtype=pl.Int8)), "no labels"),
    "nothing but empty words for labels": (
        lambda f: f.with_columns(bad=pl.lit(None, dtype=pl.String)),
        "no labels",
    ),
    "untyped nulls for labels": (lambda f: f.with_columns(bad=pl.lit(None)), "no labels"),
    "one class": (lambda f: f.with_columns(bad=pl.lit(0)), r"one class only \(0\)"),
    "a third class": (lambda f: f.with_columns(bad=pl.col("key") % 3), "holds 2 beside 0 and 1"),
    "times that are none": (lambda f: f.with_columns(at=pl.lit("soon")), "40 values are no time"),
    "numbers for times": (lambda f: f.with_columns(at=pl.lit(5)), "expected times"),
    "a repeated id": (lambda f: f.with_columns(key=pl.lit(3)), "3 occurs more than once"),
    "a null id": (lambda f: f.with_columns(key=pl.lit(None, dtype=pl.Int8)), "have no id"),
    "a word for a number": (
        lambda f: f.with_columns(sum=pl.lit("9")),
        "column sum holds String, and a continuous feature takes numbers: convert it, or name it",
    ),
    "infinity": (
        lambda f: f.with_columns(sum=pl.lit(float("inf"))),
        "40 values are infinite, which JSON cannot say: write null in their place, or leave",
    ),
    "a float for a level": (
        lambda f: f.with_columns(shop=pl.lit(1.5)),
        "column shop holds Float64, and a categorical feature takes text or whole numbers: name",
    ),
    "a word for a flag": (
        lambda f: f.with_columns(night=pl.lit("yes")),
        "column night holds String, and a flag feature takes true and false, or numbers such as 0 "
        "and 1: name it under features.categorical if it is text",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_refused_in_words(
    case: str, frame: pl.DataFrame, model: ModelDescription
) -> None:
    spoil, says = BAD[case]
    with pytest.raises(BadData, match=says):
        read_frame(spoil(frame), model=model)
