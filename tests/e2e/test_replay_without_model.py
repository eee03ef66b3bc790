"""A history whose first training makes nothing: played to its end, told, and not called a success.

What is spoilt is what counting the labels alone does not see: both classes are there, but not in
the part that sets the threshold, or that is held out. What it does see is refused before anything
is played (tests/unit/twin).
"""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from evermodel.cli.main import run
from evermodel.playback.outputs import REPORT, SUMMARY

MODEL = """
[model]
name = "orders"
[stream]
time = "at"
label = "fraud"
id = "order"
label_delay = "1d"
[features]
continuous = ["amount"]
[windows]
min_rows = 50
season = "none"
[training]
window = "4d"
calibration = "1d"
holdout = "1d"
"""
ROWS = 8 * 100
#: The first model learns on four days, a hundred rows each: these are the third and the fourth.
CALIBRATION, HOLDOUT = (200, 300), (300, 400)


def orders() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "order": range(ROWS),
            "at": [f"2025-01-{6 + n // 100:02d}T{n % 100 // 5:02d}:00:00Z" for n in range(ROWS)],
            "amount": [float(n % 7) for n in range(ROWS)],
            "fraud": [int(n % 7 == 3) for n in range(ROWS)],
        }
    )


def labelled(value: int | None, part: tuple[int, int]) -> pl.DataFrame:
    """Return the orders with `value` for the labels of one part."""
    first, after = part
    within = pl.col("order").is_between(first, after, closed="left")
    return orders().with_columns(fraud=pl.when(within).then(pl.lit(value)).otherwise("fraud"))


SPOILT: dict[str, tuple[Callable[[], pl.DataFrame], str]] = {
    "one class": (lambda: labelled(0, CALIBRATION), "too few of one class to calibrate on"),
    "no labels": (lambda: labelled(None, HOLDOUT), "no labelled rows to hold out"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_first_training_that_fails_is_told_and_fails_the_replay(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, reason = SPOILT[case]
    table().write_parquet(tmp_path / "t.parquet")
    (tmp_path / "model.toml").write_text(MODEL)
    out = tmp_path / "out"
    files = ["--model", str(tmp_path / "model.toml"), "--data", str(tmp_path / "t.parquet")]
    assert run(["replay", *files, "--out", str(out)]) == 1
    said, sentence = capsys.readouterr()
    assert "evermodel: orders: nothing was ever served: the first training failed: " in sentence
    assert reason in sentence
    assert "trainings    1 failed" in said
    assert reason in said
    assert "serving      nothing" in said
    summary = json.loads((out / SUMMARY).read_bytes())
    (training,) = summary["trainings"]
    assert training["outcome"] == "failed"
    assert reason in training["reason"]
    assert (summary["transactions"], summary["lost"]) == (ROWS, 0), "no row is lost for it"
    assert (out / REPORT).exists()
