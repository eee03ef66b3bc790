"""A training in its own process: from a lake to a bundle, or to a reason."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evermodel.artefact.bundle import digest_of, read_manifest
from evermodel.artefact.holdout import read_holdout
from evermodel.common.events.payload import Span
from evermodel.profile.reference import Reference
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.trainer.child.refusal import Refused
from evermodel.trainer.child.training import train
from evermodel.trainer.ports import BUNDLE, HOLDOUT, PLOTS, REFERENCE, Plan, Report, Unavailable
from tests.integration.trainer.lakes import START, description, holes, plan, table, write_lake

Folder = Callable[[str], Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".png"
    }


@pytest.fixture(scope="module")
def made(lake: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """One good training, looked at by several tests."""
    folder = tmp_path_factory.mktemp("made")
    child = ProcessChild(monotonic=time.monotonic, cache=cache)
    return folder, child.run(plan(lake), folder=folder)


def test_a_training_makes_all_that_the_next_stages_need(
    made: tuple[Path, Report], lake: Path
) -> None:
    folder, report = made
    assert report.outcome == "trained"
    manifest = read_manifest(folder / BUNDLE)
    assert digest_of(folder / BUNDLE) == report.digest
    assert manifest.threshold == report.threshold
    assert report.reference_id is not None
    kept = lake / "fraud" / "references" / report.reference_id
    for place in (folder / REFERENCE, kept):
        assert Reference.load(place, expect=report.reference_id)
    assert {p.name for p in (folder / PLOTS).iterdir()} == {
        "precision_recall.png",
        "calibration.png",
    }
    assert {m.name for m in report.metrics} >= {"average_precision", "roc_auc", "recall"}
    assert report.rows == 2400
    assert not list(folder.glob("*.log"))


def test_the_model_learned_what_there_was_to_learn(made: tuple[Path, Report]) -> None:
    metrics = {m.name: m for m in made[1].metrics}
    assert metrics["roc_auc"].value > 0.85
    ap = metrics["average_precision"]
    assert ap.lower is not None
    assert ap.upper is not None
    assert ap.lower <= ap.value <= ap.upper


def test_the_budget_of_alerts_is_kept_where_the_threshold_was_chosen(
    made: tuple[Path, Report],
) -> None:
    assert {m.name: m.value for m in made[1].metrics}["alert_rate"] < 0.25


def test_the_exported_model_answers_row_by_row_as_the_trained_one_did(
    made: tuple[Path, Report],
) -> None:
    """In a fresh process that knows nothing but the bundle."""
    folder, report = made
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from evermodel.artefact.scoring import load\n"
        "from evermodel.artefact.holdout import read_holdout\n"
        f"scorer = load(Path({str(folder / BUNDLE)!r}), expect_digest={report.digest!r})\n"
        f"held = read_holdout(Path({str(folder / HOLDOUT)!r}), features=scorer.manifest.features)\n"
        "print(len(held.ids), np.abs(scorer.score(held.columns) - held.scores).max())"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    rows, apart = answer.stdout.decode().split()
    assert int(rows) == 600
    assert float(apart) == 0.0


def test_the_same_plan_gives_the_same_bytes_whatever_the_files_hold_the_rows_in(
    made: tuple[Path, Report], child: ProcessChild, folder: Folder, tmp_path: Path
) -> None:
    other = tmp_path / "lake"
    rows = table().sample(fraction=1.0, shuffle=True, seed=3)
    write_lake(other, pl.concat([rows, rows[:300]]))
    again = folder("again")
    report = child.run(plan(other), folder=again)
    assert report == made[1]
    assert contents(again) == contents(made[0])


def here(plan: Plan, *, folder: Path) -> Report:
    """Train in this process, which has paid for TensorFlow's import already."""
    try:
        return train(plan, folder=folder, say=lambda _: None)
    except Refused as refused:
        return Report(outcome="failed", reason=str(refused))


def test_another_seed_gives_another_model(
    made: tuple[Path, Report], folder: Folder, lake: Path
) -> None:
    report = here(plan(lake, seed=8), folder=folder("other"))
    assert report.digest != made[1].digest
    assert report.dataset_digest == made[1].dataset_digest


def strange() -> tuple[pl.DataFrame, dict[str, Any]]:
    """Text codes with nulls, integer codes, an all-null column, constants, half-hourly rows."""
    rows = table(days=4, per_day=800)
    random = np.random.default_rng(5)
    n = len(rows)
    more = pl.DataFrame(
        {
            "class": random.normal(size=n),
            "Betrag (EUR)": holes(random.random(n).tolist(), share=0.5, seed=6),
            "nothing": pl.Series([None] * n, dtype=pl.Float64),
            "constant": [7] * n,
            "code": holes(random.integers(0, 999, n).tolist(), share=0.1, seed=7),
            'odd "name"': random.choice(["é", "日本", ""], n),
        },
        schema_overrides={"Betrag (EUR)": pl.Float64, "code": pl.Int64},
    )
    unlabelled = pl.when(pl.Series(random.random(n) < 0.6)).then(None).otherwise(pl.col("label"))
    features = {
        "continuous": ["amount", "class", "Betrag (EUR)", "nothing", "constant"],
        "categorical": ["merchant", "code", 'odd "name"'],
    }
    return pl.concat([rows.with_columns(unlabelled), more], how="horizontal"), features


def test_tables_unlike_ours_are_learned_too(folder: Folder, tmp_path: Path) -> None:
    rows, features = strange()
    write_lake(tmp_path / "lake", rows)
    model = description(
        features=features, windows={"length": "30m", "min_rows": 50, "season": "none"}
    )
    made = folder("made")
    report = here(plan(tmp_path / "lake", days=4, model=model), folder=made)
    assert report.outcome == "trained", report.reason
    assert report.rows == int(rows["label"].is_not_null().sum())
    held = read_holdout(made / HOLDOUT, features=read_manifest(made / BUNDLE).features)
    assert set(held.labels.tolist()) == {0, 1}


def test_labels_that_came_later_are_not_known_and_the_latest_known_one_wins(
    folder: Folder, tmp_path: Path
) -> None:
    rows = table()
    write_lake(tmp_path, rows)
    end = START + timedelta(days=12)
    told = pl.DataFrame(
        {
            "id": ["t000000", "t000001", "t000002"],
            "label": pl.Series([1, 1, 1], dtype=pl.Int8),
            "known_at": [end, end, end + timedelta(days=30)],
            "source": ["chargeback"] * 3,
        }
    )
    told.write_parquet(tmp_path / "fraud" / "labels" / f"day={end.date()}" / "p0-late.parquet")
    before = int(rows["label"].sum()) - int(rows["label"][:2].sum())
    report = here(plan(tmp_path), folder=folder("made"))
    assert report.frauds == before + 2


def test_windows_that_failed_quality_teach_nothing(folder: Folder, lake: Path) -> None:
    left_out = (Span(start=START + timedelta(days=2), end=START + timedelta(days=3)),)
    report = here(plan(lake, left_out=left_out), folder=folder("made"))
    assert report.rows == 2200


def _early(days: int, later: pl.Expr) -> pl.Expr:
    """Return the labels of the first days, and `later` after them."""
    return pl.when(pl.col("time") < START + timedelta(days=days)).then("label").otherwise(later)


REFUSALS: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "one class": (lambda rows: rows.with_columns(label=pl.lit(0)), "too few of one class"),
    "no labels": (
        lambda rows: rows.with_columns(label=pl.lit(None, dtype=pl.Int64)),
        "none of 2400 rows has a label",
    ),
    "one class where the threshold is chosen": (
        lambda rows: rows.with_columns(label=_early(6, pl.lit(0))),
        "too few of one class to calibrate on: 0 frauds",
    ),
    "no labels to hold out": (
        lambda rows: rows.with_columns(label=_early(9, pl.lit(None, dtype=pl.Int64))),
        "no labelled rows to hold out",
    ),
    "too few": (lambda rows: rows[::20], "too few labelled rows"),
    "no column": (lambda rows: rows.drop("merchant"), "no column 'merchant'"),
    "text for a number": (
        lambda rows: rows.with_columns(amount=pl.lit("much")),
        "'amount' is not numeric",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_learned_is_refused_with_its_reason(
    case: str, folder: Folder, tmp_path: Path
) -> None:
    change, reason = REFUSALS[case]
    write_lake(tmp_path, change(table()))
    made = folder("made")
    report = here(plan(tmp_path), folder=made)
    assert report.outcome == "failed"
    assert reason in report.reason
    assert not (made / BUNDLE).exists()


def test_a_span_whose_windows_all_failed_quality_is_refused(folder: Folder, lake: Path) -> None:
    everything = Span(start=START, end=START + timedelta(days=12))
    report = here(plan(lake, left_out=(everything,)), folder=folder("made"))
    assert (report.outcome, report.reason) == ("failed", "no rows in the training span")


def test_an_empty_lake_is_refused_with_the_span_it_lacks(folder: Folder, tmp_path: Path) -> None:
    report = here(plan(tmp_path), folder=folder("made"))
    assert report.reason == "no rows in the lake from 2026-01-05 to 2026-01-17"


def test_a_training_that_diverges_is_refused(folder: Folder, lake: Path) -> None:
    model = description(training={"window": "12d", "learning_rate": 1e30})
    made = folder("made")
    report = here(plan(lake, model=model), folder=made)
    assert (report.outcome, report.reason) == (
        "failed",
        "the loss is not a number: the training diverged",
    )
    assert not (made / BUNDLE).exists()


def test_a_file_that_is_no_parquet_is_a_failure_with_a_reason(
    child: ProcessChild, folder: Folder, tmp_path: Path
) -> None:
    write_lake(tmp_path, table())
    (tmp_path / "fraud" / "scored" / "day=2026-01-06" / "p9-0.parquet").write_bytes(b"not")
    report = child.run(plan(tmp_path), folder=folder("made"))
    assert report.outcome == "failed"
    assert "p9-0.parquet is no sound Parquet file" in report.reason


def test_a_lake_that_does_not_answer_is_no_failed_training(
    child: ProcessChild, folder: Folder, tmp_path: Path
) -> None:
    write_lake(tmp_path, table())
    (tmp_path / "fraud" / "scored" / "day=2026-01-06" / "p9-0.parquet").symlink_to("nowhere")
    with pytest.raises(Unavailable, match="the lake does not answer"):
        child.run(plan(tmp_path), folder=folder("made"))
