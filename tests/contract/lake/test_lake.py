"""What the windower writes and what learning and judging read are one lake.

The writer is the real one, the reader the one join that both readers use.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evermodel.common.kernel.errors import Permanent, Transient
from evermodel.common.models.file import BadModelFile, parse_model
from evermodel.drift.domain.grid import micros
from evermodel.lake.cohort import open_cohort
from evermodel.lake.columns import ID, TIME, UNLABELLED, feature_column, score_column, versions_in
from evermodel.lake.files import replacing
from evermodel.lake.layout import scored_file
from tests.contract.lake.lake import DAY, MODEL, MONDAY, NOON, Lake, T


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def test_an_empty_lake_has_no_rows_and_no_columns(lake: Lake) -> None:
    assert lake.read() == ([], [], [])


def test_a_row_without_a_label_is_a_row(lake: Lake) -> None:
    lake.row("a")
    assert lake.read() == (["a"], [UNLABELLED], [])


def test_a_label_counts_when_known_before_the_time_and_not_at_it(lake: Lake) -> None:
    lake.row("a")
    lake.label("a", 1, known_at=T)
    assert lake.read(known_before=T)[1] == [UNLABELLED]
    assert lake.read(known_before=T + timedelta(microseconds=1))[1] == [1]


def test_the_latest_label_known_by_then_wins_over_those_before_and_after(lake: Lake) -> None:
    lake.row("a")
    lake.label("a", 0, known_at=MONDAY + 2 * DAY)
    lake.label("a", 1, known_at=MONDAY + 3 * DAY)
    lake.label("a", 0, known_at=MONDAY + 5 * DAY)
    assert lake.read(known_before=MONDAY + 3 * DAY)[1] == [0]
    assert lake.read(known_before=MONDAY + 4 * DAY)[1] == [1]
    assert lake.read(known_before=MONDAY + 6 * DAY)[1] == [0]


def test_of_two_labels_known_at_once_fraud_wins_whatever_file_they_lie_in(lake: Lake) -> None:
    for chunk, (row, label) in enumerate([("a", 1), ("a", 0), ("b", 0), ("b", 1)]):
        lake.label(row, label, known_at=NOON + DAY, chunk=chunk)
    lake.row("a")
    lake.row("b", chunk=1)
    assert lake.read()[1] == [1, 1]


def test_an_id_written_twice_is_one_row_whose_answers_are_of_one_writing(lake: Lake) -> None:
    lake.row("a", chunk=2, at=NOON + timedelta(hours=1), scores={1: 0.1, 2: 0.1}, amount=1.0)
    lake.row("a", chunk=1, scores={1: 0.9}, amount=9.0)
    _, _, columns = lake.read(score_column(1), score_column(2), feature_column("amount"))
    assert columns == [[pytest.approx(0.9)], [None], [9.0]]


def test_a_day_without_files_is_a_day_without_rows(lake: Lake) -> None:
    lake.row("a")
    lake.row("c", at=NOON + 2 * DAY)
    lake.label("c", 1, known_at=NOON + 3 * DAY)
    assert lake.read(end=MONDAY + 3 * DAY) == (["a", "c"], [UNLABELLED, 1], [])


@pytest.mark.guarantee(
    "outside",
    fault="a crash leaves a half-written file in the lake",
    promise="it is never read",
    seen="nothing",
)
def test_a_half_written_draft_is_never_read(lake: Lake) -> None:
    lake.row("a")
    (file,) = lake.root.rglob("*.parquet")
    with pytest.raises(OSError, match="full"):
        _fill_the_disk(file)
    assert len(list(file.parent.iterdir())) == 2
    assert lake.read()[0] == ["a"]


def _fill_the_disk(file: Path) -> None:
    with replacing(file) as draft:
        draft.write_bytes(file.read_bytes()[:100])
        raise OSError("the disk is full")


def test_a_file_that_is_written_again_replaces_itself(lake: Lake) -> None:
    lake.row("a", amount=1.0)
    lake.row("a", amount=2.0)
    assert lake.read(feature_column("amount"))[2] == [[2.0]]
    assert len(list(lake.root.rglob("*"))) == len(list(lake.root.rglob("*.parquet"))) + 4


def test_a_file_that_was_read_before_is_read_anew(lake: Lake) -> None:
    for amount in (1.0, 2.0):
        lake.row("a", amount=amount)
        assert lake.read(feature_column("amount"))[2] == [[amount]]


@pytest.mark.guarantee(
    "outside",
    fault="a Parquet file of the lake is cut short, empty or noise",
    promise="never counted as if it were whole; its name is said; read again once it is put back",
    seen="'<file> is no sound Parquet file (…)', as a dead letter's reason or a failed training's",
)
@pytest.mark.parametrize(
    "broken", [b"", b"noise" * 100, "half", "middle"], ids=lambda b: str(b[:5])
)
def test_a_broken_file_is_named_and_harms_no_later_reading(lake: Lake, broken: bytes | str) -> None:
    lake.row("a")
    lake.row("b", chunk=1)
    file = lake.root / scored_file(MODEL, micros(MONDAY), partition=0, chunk=1)
    sound = file.read_bytes()
    match broken:
        case "half":
            file.write_bytes(sound[: len(sound) // 2])
        case "middle":
            file.write_bytes(sound[:4] + bytes(200) + sound[204:])
        case bytes():
            file.write_bytes(broken)
    with pytest.raises(Permanent, match=re.escape(f"{file} is no sound Parquet file")):
        lake.read(TIME)
    file.write_bytes(sound)
    assert len(lake.read(TIME)[0]) == 2
    file.unlink()
    assert lake.read(TIME)[0] == ["a"]


@pytest.mark.guarantee(
    "outside",
    fault="a file of the lake is away while it is read",
    promise="asked for again",
    seen="'tried again in 1.0 s: the lake does not answer: …'",
)
def test_a_file_that_is_gone_is_asked_for_again(lake: Lake) -> None:
    lake.row("a")
    (file,) = lake.root.rglob("*.parquet")
    with pytest.raises(Transient, match="the lake does not answer"):
        read_without(lake, file)
    file.with_suffix(".gone").rename(file)
    assert lake.read()[0] == ["a"]


def read_without(lake: Lake, file: Path) -> None:
    """Read while `file` goes away between looking for it and reading it."""
    with open_cohort(
        lake.root, MODEL, start=MONDAY, end=T, known_before=T, window=DAY, threads=1
    ) as cohort:
        file.rename(file.with_suffix(".gone"))
        cohort.read([ID])


def test_a_wrong_question_to_a_sound_lake_is_a_bug(lake: Lake) -> None:
    lake.row("a")
    with pytest.raises(duckdb.BinderException, match="nothing"):
        lake.read("nothing")
    assert lake.read()[0] == ["a"]


def test_files_of_before_a_version_or_a_feature_have_null_there(lake: Lake) -> None:
    lake.row("a", amount=1.0)
    lake.row("b", chunk=1, scores={1: 0.5, 2: 0.75}, amount=2.0, shop="x")
    _, _, columns = lake.read(score_column(2), feature_column("shop"))
    assert columns == [[None, 0.75], [None, "x"]]


def test_versions_are_told_from_the_columns(lake: Lake) -> None:
    lake.row("a", scores={2: 0.5, 10: 0.5}, score_v3=1.0)
    with open_cohort(
        lake.root, MODEL, start=MONDAY, end=T, known_before=T, window=DAY, threads=1
    ) as cohort:
        assert versions_in(cohort.columns) == [2, 10]


def test_features_may_be_called_as_the_lakes_own_columns(lake: Lake) -> None:
    names = ["id", "Time", "label", "score_v1", 'odd "name"']
    values: dict[str, Any] = {name: float(at) for at, name in enumerate(names)}
    lake.row("a", **values)
    ids, labels, columns = lake.read(*map(feature_column, names))
    assert (ids, labels, columns) == (["a"], [UNLABELLED], [[0.0], [1.0], [2.0], [3.0], [4.0]])


def test_features_that_differ_by_case_alone_are_refused_as_sql_reads_them_as_one() -> None:
    text = '[model]\nname = "m"\n[stream]\ntime = "t"\nlabel = "y"\n[features]\ncontinuous = '
    with pytest.raises(BadModelFile, match="Amount, amount: names must differ by more than case"):
        parse_model(text + '["Amount", "amount"]', source="test")


def test_a_row_of_a_window_that_began_days_before_is_found(lake: Lake) -> None:
    lake.row("a", at=NOON, window=MONDAY - 4 * DAY)
    assert lake.read()[0] == []
    assert lake.read(window=7 * DAY)[0] == ["a"]


def test_the_span_is_half_open_and_rows_come_in_order_of_time_and_id(lake: Lake) -> None:
    lake.row("z", at=MONDAY, chunk=1)
    lake.row("b", chunk=2)
    lake.row("a", chunk=3)
    lake.row("next", at=MONDAY + DAY)
    ids, _, (times,) = lake.read(TIME)
    assert ids == ["z", "a", "b"]
    assert times[0] == MONDAY.replace(tzinfo=None)


@pytest.mark.guarantee(
    "security",
    fault="the lake's path holds a quote",
    promise="it is read as any: paths are quoted in SQL",
    seen="no error",
)
def test_a_lake_behind_a_path_with_a_quote_is_read(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "o'hare")
    lake.row("a")
    assert lake.read()[0] == ["a"]


def test_nulls_and_numbers_come_back_as_they_went(lake: Lake) -> None:
    lake.row("a", amount=float("nan"), shop=None, chunk=1)
    lake.row("b", amount=-0.5, shop="x", chunk=2)
    assert lake.read(feature_column("amount"), feature_column("shop"))[2] == [
        [None, -0.5],
        [None, "x"],
    ]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)), st.integers(1, 6))
def test_the_same_rows_read_the_same_however_they_are_cut_into_files(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    said = [
        ("a", 0.1, 1),
        ("a", 0.9, 0),
        ("b", 0.5, 1),
        ("b", 0.5, 1),
        ("c", 0.2, 0),
        ("d", 0.3, 1),
    ]
    for chunk, at in enumerate(order):
        name, score, label = said[at]
        lake.row(name, chunk=chunk, scores={1: score})
        lake.label(name, label, known_at=NOON + (at % cut) * DAY, chunk=chunk)
    ids, _, (scores,) = lake.read(score_column(1))
    assert ids == ["a", "b", "c", "d"]
    assert scores == pytest.approx([0.1, 0.5, 0.2, 0.3])


def test_what_a_reader_sees_of_the_files_is_what_the_layout_says(lake: Lake) -> None:
    lake.row("a", scores={1: 0.75}, amount=1.0)
    (file,) = lake.root.rglob("*.parquet")
    assert file.relative_to(lake.root).as_posix() == (
        "fraud/scored/day=2026-06-01/w=20260601T0000/p0-000000000000.parquet"
    )
    assert pq.ParquetFile(file).schema_arrow.names == [
        "id", "entity", "time", "f_amount", "decided_by", "decision", "propensity", "reference",
        "score_v1", "alert_v1",
    ]  # fmt: skip
