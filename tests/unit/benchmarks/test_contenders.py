"""Every benchmark is there and can be asked, and contenders answer one question."""

import importlib
import inspect
import warnings
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as front
from benchmarks import drift
from benchmarks.model import parts
from benchmarks.streams import CONTINUOUS, FLAGS, SCHEMA, Rows, rows_of, window_of
from benchmarks.windower import BATCH, by_polars, counted, encoded, through
from evermodel.profile.building import build_reference
from evermodel.profile.reference import Reference

ROWS = 3 * BATCH


@pytest.fixture(scope="module")
def days() -> list[Rows]:
    rng = np.random.default_rng(7)
    return [rows_of(rng, rows=1_000) for _ in range(14)]


@pytest.fixture(scope="module")
def reference(days: list[Rows]) -> Reference:
    windows = [window_of(day, day=n) for n, day in enumerate(days)]
    return build_reference(windows, schema=SCHEMA, min_rows=100)


@pytest.mark.parametrize("name", front.NAMES)
def test_each_can_be_asked_as_the_front_asks_it(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a peer's own deprecations, on import
        measure = importlib.import_module(f"benchmarks.{name}").measure
    more = {"data": front.ON_DATA, "minutes": front.LASTING}
    wanted = {"quick", *(option for option, names in more.items() if name in names)}
    assert set(inspect.signature(measure).parameters) == wanted


def test_make_bench_runs_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {file.stem for file in Path(front.__file__).parent.glob("*.py")}
    asked = {name for name in modules if "\ndef measure(" in source(name)}
    assert front.main(["list"]) == 0
    assert set(capsys.readouterr().out.split()) == asked


def source(name: str) -> str:
    text = (Path(front.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
    return "" if name == "__main__" else text


def test_windower_and_polars_count_the_same_rows(reference: Reference, tmp_path: Path) -> None:
    values = encoded(
        rows_of(np.random.default_rng(8), rows=ROWS), reference_id=reference.reference_id
    )
    assert counted(values, reference).sum() == ROWS * len(SCHEMA.names)
    assert sum(int(c["count"].sum()) for c in by_polars(values, reference)) == ROWS * (
        len(CONTINUOUS) + len(FLAGS)
    )
    assert through(values, reference, tmp_path)() > 0
    assert list(tmp_path.rglob("*.parquet"))


def test_drift_and_its_peer_flag_the_same_planted_shift(
    days: list[Rows], reference: Reference
) -> None:
    past = {name: np.concatenate([day[name] for day in days]) for name in SCHEMA.names}
    window = rows_of(np.random.default_rng(9), rows=1_000)
    shifted = window | {CONTINUOUS[0]: window[CONTINUOUS[0]] * 3 + 5}
    assert drift.judged(window, reference) == drift.tested(window, past) == set()
    assert drift.judged(shifted, reference) == drift.tested(shifted, past) == {CONTINUOUS[0]}


def test_the_model_learns_chooses_and_is_tested_on_days_of_their_own() -> None:
    teach, choose, test = parts(None, quick=True)
    assert len(teach[1]) > len(test[1]) > len(choose[1]) > 0
    assert all(0 < labels.sum() < len(labels) for _, labels in (teach, choose, test))
