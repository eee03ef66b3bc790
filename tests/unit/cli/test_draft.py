"""Whatever a column is called, the first model.toml is TOML that names it as it is."""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from evermodel.cli.draft import Guess
from evermodel.cli.guessing import guess
from evermodel.common.models.file import parse_model

NASTY = [
    'the "amount"\nof it',
    "a\\b",
    "\\",
    '"',
    '"""',
    "it's",
    "tab\tbed",
    "re\rturn",
    "both\r\n",
    "\x00 \x1b[31m \x7f",
    "Betrag in € 🏦",
    "a\u2028b\u0085c",
    "# not a comment",
    "[stream]",
    " ",
    "",
    "{a.b} = 1",
]


def read_again(guessed: Guess) -> dict[str, dict[str, object]]:
    return tomllib.loads(guessed.text())


@pytest.mark.parametrize("name", NASTY, ids=ascii)
def test_a_column_of_any_name_is_read_back_by_that_name(name: str) -> None:
    noted = [f"{name}: continuous (fractions)"]
    guessed = Guess(name="m", time="at", label="bad", continuous=[name], notes=noted)
    guessed.id = guessed.label_positive = name
    guessed.forbidden = [name, f"{name} twice"]
    found = read_again(guessed)
    assert found["features"] == {"continuous": [name]}
    assert found["stream"]["forbidden"] == [name, f"{name} twice"]
    assert (found["stream"]["id"], found["stream"]["label_positive"]) == (name, name)


@pytest.mark.parametrize("name", NASTY, ids=ascii)
def test_a_note_stays_on_its_line(name: str) -> None:
    plain, odd = (Guess(name="m", time="at", label="bad", notes=[n]) for n in ("x", name))
    assert len(odd.text().splitlines()) == len(plain.text().splitlines())
    read_again(odd)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_with_such_names_becomes_a_model(kind: str, tmp_path: Path) -> None:
    first = datetime(2026, 1, 1)  # noqa: DTZ001  # a table's
    columns: dict[str, object] = {"at": [first + timedelta(hours=n) for n in range(400)]}
    columns |= {name: [n * 1.5 % 97 for n in range(400)] for name in NASTY}
    columns["label"] = [n % 2 for n in range(400)]
    frame, path = pl.DataFrame(columns), tmp_path / f"t.{kind}"
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    model = parse_model(guess(path).text(), source="guess")
    assert model.features.continuous == tuple(NASTY)
