"""The services of the demo read a description that fits the table as it is played."""

from pathlib import Path

import polars as pl
import pytest

from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import parse_model, read_model
from evermodel.demo.description import write_description
from evermodel.playback.source import ROW_NUMBER, read_frame

ROOT = Path(__file__).resolve().parents[3]
HEAD = '[model]\nname = "bare"\n'
FEATURES = '[features]\ncontinuous = ["A"]\n'
#: The same description as people may write it: each was once taken apart as text, and broken.
WITHOUT_ID = {
    "a plain table": f'{HEAD}[stream]\ntime = "T"\nlabel = "L"\n{FEATURES}',
    "spaces in the header": f'{HEAD}[ stream ]\ntime = "T"\nlabel = "L"\n{FEATURES}',
    "a comment that names it": f'# [stream]?\n{HEAD}[stream]\ntime = "T"\nlabel = "L"\n{FEATURES}',
    "dotted keys": f'stream.time = "T"\nstream.label = "L"\n{HEAD}{FEATURES}',
    "an inline table": f'stream = {{ time = "T", label = "L" }}\n{HEAD}{FEATURES}',
    "a quoted header": f'{HEAD}["stream"]\ntime = "T"\nlabel = "L"\n{FEATURES}',
}
ODD = """
[model]
name = "odd"
[stream]
time = 'at "noon"'
label = "bäd"
label_positive = "C:\\\\new\\nline \\u007f 🏦"
entity = "card.number"
label_delay = "1d 12h 30m 5s 250ms"
forbidden = ["why [stream]", "# how"]
[features]
continuous = ['sum "€"']
categorical = ["shop = x"]
flag = ["it's night"]
[quality.'sum "€"']
min = -0.5
max = 1e300
nulls = 0.01
[quality."it's night"]
nulls = 0.0
[windows]
season = "none"
[training]
hidden = [16, 8]
[rollout]
steps = [5, 100]
"""


def frame() -> pl.DataFrame:
    times = pl.Series(["2026-01-01 00:00:00", "2026-01-01 01:00:00"]).str.to_datetime()
    return pl.DataFrame({"T": times, "L": [0, 1], "A": [1.0, 2.0]})


def read_again(model: ModelDescription, folder: Path) -> ModelDescription:
    return read_model(write_description(model, folder / "played.toml"))


@pytest.mark.parametrize("form", WITHOUT_ID)
def test_a_table_without_an_id_is_described_with_the_one_it_was_given(
    form: str, tmp_path: Path
) -> None:
    table = read_frame(frame(), model=parse_model(WITHOUT_ID[form], source=form))
    found = read_again(table.model, tmp_path)
    assert found.stream.id == ROW_NUMBER
    assert found == table.model


@pytest.mark.parametrize("example", ["demo", "handbook"])
def test_an_example_is_read_again_as_it_was(example: str, tmp_path: Path) -> None:
    model = read_model(ROOT / "examples" / example / "model.toml")
    assert read_again(model, tmp_path) == model


def test_odd_names_and_values_are_read_again_as_they_were(tmp_path: Path) -> None:
    model = parse_model(ODD, source="odd")
    assert read_again(model, tmp_path) == model
