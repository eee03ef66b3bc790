"""The label that `init` writes down is the one that `replay` finds, whatever its type."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from evermodel.cli.errors import WrongUsage
from evermodel.cli.guessing import guess
from evermodel.common.models.file import parse_model
from evermodel.playback.files import read_file
from evermodel.playback.source import LABEL

ROWS = 400
TIMES = [datetime(2026, 1, 1) + timedelta(minutes=30 * n) for n in range(ROWS)]  # noqa: DTZ001  # a table's
AMOUNTS = [n * 1.5 % 97 for n in range(ROWS)]

#: Name -> (what is fraud, what is not, what `init` writes).
KINDS: dict[str, tuple[object, object, str | int | None]] = {
    "floats of -1 and 1": (1.0, -1.0, 1),
    "floats of -1 for fraud": (-1.0, 1.0, -1),
    "floats of 0 and 1": (1.0, 0.0, None),
    "fractions": (1.5, 0.5, "1.5"),
    "integers": (2, 1, 2),
    "decimals": (Decimal("2.00"), Decimal("1.00"), 2),
    "words": ("UP", "DOWN", "UP"),
    "words that are numbers": ("1", "0", "1"),
    "booleans": (True, False, None),
}


def written(path: Path, labels: list[object]) -> Path:
    pl.DataFrame({"at": TIMES, "sum": AMOUNTS, "label": labels}).write_parquet(path)
    return path


@pytest.mark.parametrize("missing", [False, True], ids=["all known", "some unknown"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_rarer_value_is_fraud(kind: str, missing: bool, tmp_path: Path) -> None:
    fraud, sound, positive = KINDS[kind]
    labels = [fraud if n % 50 == 0 else sound for n in range(ROWS)]
    if missing:
        labels = [None if n % 9 == 0 else label for n, label in enumerate(labels)]
    path = written(tmp_path / "t.parquet", labels)
    guessed = guess(path)
    assert (guessed.label, guessed.label_positive) == ("label", positive)
    table = read_file(path, model=parse_model(guessed.text(), source="guess"))
    assert table.frame[LABEL].sum() == labels.count(fraud)
    assert table.frame[LABEL].null_count() == labels.count(None)


def test_a_label_with_nan_has_two_values(tmp_path: Path) -> None:
    labels: list[object] = [float("nan") if n % 9 == 0 else float(n % 50 == 0) for n in range(ROWS)]
    path = written(tmp_path / "t.parquet", labels)
    table = read_file(path, model=parse_model(guess(path).text(), source="guess"))
    assert table.frame[LABEL].null_count() == len(range(0, ROWS, 9))


def test_of_two_values_as_frequent_the_same_is_fraud_every_time(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", [1.0 if n % 2 else -1.0 for n in range(ROWS)])
    assert {guess(path).label_positive for _ in range(20)} == {1}


def test_what_no_label_can_be_is_refused_by_name(tmp_path: Path) -> None:
    dates: list[object] = [date(2026, 1, 1 + n % 2) for n in range(ROWS)]
    with pytest.raises(WrongUsage, match="--label label holds Date, which no label can be"):
        guess(written(tmp_path / "t.parquet", dates), label="label")
