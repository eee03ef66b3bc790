"""The services of the demo read a description that fits the table as it is played."""

from pathlib import Path

import polars as pl

from evermodel.common.models.file import read_model
from evermodel.demo.story import DemoOptions, _described
from evermodel.playback.source import read_frame

WITHOUT_ID = """
[model]
name = "bare"
[stream]
time = "T"
label = "L"
[features]
continuous = ["A"]
"""


def frame() -> pl.DataFrame:
    times = pl.Series(["2026-01-01 00:00:00", "2026-01-01 01:00:00"]).str.to_datetime()
    return pl.DataFrame({"T": times, "L": [0, 1], "A": [1.0, 2.0]})


def test_a_table_without_an_id_is_described_with_the_one_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "bare.toml"
    file.write_text(WITHOUT_ID)
    table = read_frame(frame(), model=read_model(file))
    options = DemoOptions(model=file, out=tmp_path)
    assert read_model(_described(options, table)) == table.model


def test_a_table_with_an_id_is_described_by_its_own_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(WITHOUT_ID.replace("[stream]", '[stream]\nid = "I"'))
    table = read_frame(frame().with_columns(I=pl.Series(["a", "b"])), model=read_model(file))
    assert _described(DemoOptions(model=file, out=tmp_path), table) == file
