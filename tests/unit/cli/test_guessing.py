"""`init` serves tables of many kinds, says what it guessed, and writes what can be read."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from evermodel.cli.errors import WrongUsage
from evermodel.cli.guessing import guess
from evermodel.common.models.file import parse_model
from evermodel.playback.files import read_file

ROWS = 400
TIMES = [datetime(2026, 1, 1) + timedelta(minutes=30 * n) for n in range(ROWS)]  # noqa: DTZ001  # a table's


def written(tmp_path: Path, columns: dict[str, object], *, name: str = "t.parquet") -> Path:
    path, table = tmp_path / name, pl.DataFrame(columns, strict=False)
    table.write_parquet(path) if name.endswith("parquet") else table.write_csv(path)
    return path


def test_cards_get_their_roles_and_leaks_are_forbidden(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "TX_ID": range(ROWS),
            "TX_DATETIME": TIMES,
            "CUSTOMER_ID": [n % 60 for n in range(ROWS)],
            "AMOUNT": [n * 1.5 % 97 for n in range(ROWS)],
            "DAYS": [n // 48 for n in range(ROWS)],
            "NIGHT": [n % 2 for n in range(ROWS)],
            "FRAUD_SCENARIO": [n % 4 for n in range(ROWS)],
            "FRAUD": [int(n % 50 == 0) for n in range(ROWS)],
        },
    )
    model = parse_model(guess(path).text(), source="guess")
    assert (model.stream.time, model.stream.label) == ("TX_DATETIME", "FRAUD")
    assert (model.stream.id, model.stream.entity) == ("TX_ID", "CUSTOMER_ID")
    assert model.stream.forbidden == ("FRAUD_SCENARIO",)
    assert model.features.continuous == ("AMOUNT",)
    assert model.features.flag == ("NIGHT",)


def test_a_csv_with_words_nulls_and_neither_id_nor_entity_is_served(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "when": [time.isoformat() for time in TIMES],
            "price": [None if n % 7 == 0 else n / 3 % 11 for n in range(ROWS)],
            "colour": [
                None if n % 5 == 0 else ["red", "blue", 'gr"ey'][n % 3] for n in range(ROWS)
            ],
            "code": [n % 9 for n in range(ROWS)],
            "class": ["DOWN" if n % 3 else "UP" for n in range(ROWS)],
        },
        name="A table.csv",
    )
    model = parse_model(guess(path).text(), source="guess")
    assert model.name == "a-table"
    assert (model.stream.label, model.stream.label_positive) == ("class", "UP")
    assert (model.stream.id, model.stream.entity) == (None, None)
    assert model.features.continuous == ("price",)
    assert model.features.categorical == ("colour", "code")


@pytest.mark.parametrize("name", ["Is Fraud", "IsFraud", "is-fraud", "tx.fraud", "IS_FRAUD", "y"])
def test_a_label_is_known_however_its_words_are_put_together(tmp_path: Path, name: str) -> None:
    columns: dict[str, object] = {
        "Booking Time (UTC)": TIMES,
        "sum €": [n * 1.5 % 97 for n in range(ROWS)],
        "3ds ok?": [n % 2 for n in range(ROWS)],
        "card #": [n % 60 for n in range(ROWS)],
        name: [int(n % 50 == 0) for n in range(ROWS)],
    }
    model = parse_model(guess(written(tmp_path, columns)).text(), source="guess")
    assert (model.stream.label, model.stream.entity) == (name, "card #")
    assert model.features.continuous == ("sum €",)
    assert model.features.flag == ("3ds ok?",)


def test_what_is_said_is_not_guessed(tmp_path: Path) -> None:
    columns: dict[str, object] = {
        "made": TIMES,
        "seen": TIMES[::-1],
        "sum": [n * 1.5 % 97 for n in range(ROWS)],
        "first": [n % 2 for n in range(ROWS)],
        "fraud": [n % 5 // 4 for n in range(ROWS)],
    }
    path = written(tmp_path, columns)
    guessed = guess(path, time="seen", label="first")
    assert (guessed.time, guessed.label) == ("seen", "first")
    assert guessed.forbidden == ["fraud"]
    assert guessed.notes[0] == "seen: the event time (you said so)"
    assert guess(path, label="first").notes[0].endswith("(its type or name says so)")
    for wrong, says in (("sum", "holds 194 different values, not two"), ("x", "no column x")):
        with pytest.raises(WrongUsage, match=says):
            guess(path, label=wrong)


def test_a_number_that_is_whole_for_a_long_time_is_still_read(tmp_path: Path) -> None:
    columns: dict[str, object] = {
        "time": TIMES,
        "sum": ["7"] * (ROWS - 1) + ["7.5"],
        "label": [n % 2 for n in range(ROWS)],
    }
    assert guess(written(tmp_path, columns, name="t.csv")).continuous == ["sum"]


def test_every_column_is_accounted_for(tmp_path: Path) -> None:
    columns: dict[str, object] = {"time": TIMES, "label": [n % 2 for n in range(ROWS)]}
    columns |= {f"f{n}": [n * r % 13 / 2 for r in range(ROWS)] for n in range(1, 13)}
    columns |= {"same": [1] * ROWS, "free": [f"text {r}" for r in range(ROWS)]}
    guessed = guess(written(tmp_path, columns))
    assert {note.partition(":")[0] for note in guessed.notes} >= set(columns)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (
            "%d/%m/%Y %H:%M",
            "; '01/01/2026 00:00' is read as 2026-01-01T00:00:00Z, and live payments ",
        ),
        (
            "%Y/%m/%d",
            "; '2026/01/01' is read as 2026-01-01T00:00:00Z, and live payments must write ",
        ),
        ("%Y-%m-%d", ""),
        ("%Y-%m-%d %H:%M:%S", ""),
        ("%Y-%m-%dT%H:%M:%SZ", ""),
    ],
)
def test_a_time_that_live_payments_must_write_otherwise_is_said(
    tmp_path: Path, form: str, says: str
) -> None:
    columns: dict[str, object] = {
        "made": [time.strftime(form) for time in TIMES],
        "sum": [n * 1.5 % 97 for n in range(ROWS)],
        "label": [n % 2 for n in range(ROWS)],
    }
    note = guess(written(tmp_path, columns)).notes[0]
    plain, _, more = note.partition(";")
    assert plain == "made: the event time (its type or name says so)"
    assert more.startswith(says[1:])
    assert bool(more) == bool(says)


def test_infinities_are_said_with_what_to_do(tmp_path: Path) -> None:
    columns: dict[str, object] = {
        "time": TIMES,
        "sum": [float("inf") if n % 100 == 0 else n / 3 for n in range(ROWS)],
        "tax": [Decimal(n) / 4 for n in range(ROWS)],
        "label": [n % 2 for n in range(ROWS)],
    }
    guessed = guess(written(tmp_path, columns))
    assert guessed.continuous == ["sum", "tax"]
    assert guessed.notes[-2:] == [
        "sum: continuous (fractions); 4 of its values are infinite: write null in their place, or "
        "leave those rows out",
        "tax: continuous (fractions)",
    ]


def test_two_words_are_a_categorical_and_two_numbers_a_flag(tmp_path: Path) -> None:
    columns: dict[str, object] = {
        "time": TIMES,
        "word": ["yes" if n % 3 else "no" for n in range(ROWS)],
        "digit": ["1" if n % 3 else "0" for n in range(ROWS)],
        "number": [float(n % 3 == 0) for n in range(ROWS)],
        "truth": [n % 3 == 0 for n in range(ROWS)],
        "label": [n % 2 for n in range(ROWS)],
    }
    path = written(tmp_path, columns)
    guessed = guess(path)
    assert guessed.categorical == ["word", "digit"]
    assert guessed.flag == ["number", "truth"]
    read_file(path, model=parse_model(guessed.text(), source="guess"))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": [1, 2], "label": [0, 1]}, "no column holds times"),
        ({"time": TIMES[:2], "x": [1.5, 2.5], "y2": [0, 1]}, "which column is the label"),
        ({"time": TIMES[:2], "label": [0, 1]}, "no column is left"),
        ({"time": [], "label": []}, "has no rows"),
    ],
)
def test_a_table_that_cannot_be_a_model_is_said(
    tmp_path: Path, columns: dict[str, object], words: str
) -> None:
    with pytest.raises(WrongUsage, match=words):
        guess(written(tmp_path, columns))


def test_a_file_that_is_no_table_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"not a table")
    with pytest.raises(WrongUsage, match=r"x\.parquet is no Parquet file"):
        guess(path)
