"""What `init` writes for a file, `replay` reads from the same file: one reader for both."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from evermodel.cli import guessing
from evermodel.cli.draft import Guess
from evermodel.cli.errors import WrongUsage
from evermodel.cli.guessing import guess
from evermodel.common.models.file import parse_model
from evermodel.playback.files import read_file
from evermodel.playback.source import LABEL, TIME, BadData, Table

ROWS = 400
TIMES = [datetime(2026, 1, 1) + timedelta(minutes=30 * n) for n in range(ROWS)]  # noqa: DTZ001  # a table's
AMOUNTS = [n * 1.5 % 97 for n in range(ROWS)]
FRAUDS = [n % 50 == 0 for n in range(ROWS)]


def both(path: Path) -> tuple[Guess, Table]:
    guessed = guess(path)
    return guessed, read_file(path, model=parse_model(guessed.text(), source="guess"))


def csv(path: Path, columns: dict[str, object]) -> Path:
    pl.DataFrame(columns, strict=False).write_csv(path)
    return path


@pytest.mark.parametrize("missing", ["", "NA", "NaN"])
def test_a_csv_says_in_three_ways_that_a_value_is_missing(missing: str, tmp_path: Path) -> None:
    amounts = [missing if n % 7 == 0 else str(a) for n, a in enumerate(AMOUNTS)]
    labels = [missing if n % 9 == 0 else str(int(f)) for n, f in enumerate(FRAUDS)]
    path = csv(tmp_path / "t.csv", {"at": TIMES, "sum": amounts, "label": labels})
    guessed, table = both(path)
    assert guessed.continuous == ["sum"]
    assert table.frame["sum"].null_count() == len(range(0, ROWS, 7))
    assert table.frame[LABEL].null_count() == len(range(0, ROWS, 9))


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S+02:00",
        "%Y/%m/%d",
        "%d/%m/%Y %H:%M",
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_taken_for_a_time_is_read_as_one(form: str, kind: str, tmp_path: Path) -> None:
    times = [time.strftime(form) for time in TIMES]
    frame = pl.DataFrame({"made": times, "sum": AMOUNTS, "label": FRAUDS})
    path = tmp_path / f"t.{kind}"
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    guessed, table = both(path)
    assert guessed.time == "made"
    assert table.frame[TIME].is_sorted()


@pytest.mark.parametrize("name", ["t.pq", "T.PARQUET", "t[1].parquet", "T.CSV", "t*.csv"])
def test_a_file_goes_by_the_same_names(name: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"at": TIMES, "sum": AMOUNTS, "label": FRAUDS})
    path = tmp_path / name
    frame.write_csv(path) if name.lower().endswith("csv") else frame.write_parquet(path)
    assert len(both(path)[1]) == ROWS


@pytest.mark.parametrize("name", ["t.tsv", "t.txt", "t", "none.csv", "none.parquet"])
def test_what_one_refuses_the_other_does_with_the_same_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if not name.startswith("none"):
        csv(path, {"at": TIMES, "sum": AMOUNTS, "label": FRAUDS})
    with pytest.raises(WrongUsage) as init:
        guess(path)
    good = csv(tmp_path / "good.csv", {"at": TIMES, "sum": AMOUNTS, "label": FRAUDS})
    with pytest.raises(BadData) as replay:
        read_file(path, model=parse_model(guess(good).text(), source="guess"))
    assert str(init.value) == str(replay.value)


def test_a_column_is_of_the_kind_that_the_whole_file_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the sample that is guessed from, a column of whole numbers may hold a fraction."""
    monkeypatch.setattr(guessing, "_SAMPLE_ROWS", ROWS // 2)
    code = [str(n % 9) for n in range(ROWS - 1)] + ["0.5"]
    guessed, _ = both(csv(tmp_path / "t.csv", {"at": TIMES, "code": code, "label": FRAUDS}))
    assert guessed.continuous == ["code"]


def test_a_date_is_nobodys_id(tmp_path: Path) -> None:
    since = [f"{1900 + n % 90}-01-01" for n in range(ROWS)]
    columns: dict[str, object] = {"at": TIMES, "sum": AMOUNTS, "label": FRAUDS}
    guessed, _ = both(csv(tmp_path / "t.csv", {**columns, "customer_since": since}))
    assert guessed.entity is None


def test_a_time_that_is_none_is_refused_by_both(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", {"at": range(ROWS), "sum": AMOUNTS, "label": FRAUDS})
    with pytest.raises(WrongUsage, match="column at holds Int64, expected times"):
        guess(path, time="at")


def test_a_time_that_is_no_time_is_refused_when_a_person_names_it(tmp_path: Path) -> None:
    path = csv(tmp_path / "t.csv", {"at": ["soon"] * ROWS, "sum": AMOUNTS, "label": FRAUDS})
    with pytest.raises(WrongUsage, match="column at: 400 values are no time"):
        guess(path, time="at")
