"""What `evermodel replay` refuses, and what of the command line reaches the twin."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from evermodel.cli.main import run
from evermodel.common.models.file import read_model
from evermodel.playback.files import read_file
from evermodel.playback.source import Table
from evermodel.playback.summary import Summary
from evermodel.twin.replay import Span, play

MODEL = """
[model]
name = "small"
[stream]
time = "at"
label = "bad"
label_delay = "1d"
[features]
continuous = ["sum"]
[training]
window = "5d"
"""
Change = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.toml").write_text(MODEL)
    table().write_parquet("t.parquet")


def table() -> pl.DataFrame:
    first = datetime(2025, 1, 1)  # noqa: DTZ001  # a naive column
    return pl.DataFrame(
        {
            "at": [first + timedelta(hours=6 * i) for i in range(80)],
            "sum": [float(i) for i in range(80)],
            "bad": [int(i % 9 == 0) for i in range(80)],
        }
    )


def replay(*more: str, data: str = "t.parquet") -> int:
    return run(["replay", "--model", "model.toml", "--data", data, "--out", "out", *more])


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Table, Span]]:
    """What would have been played, once it has passed every check."""
    calls: list[tuple[Table, Span]] = []

    def play(tables: Sequence[Table], out: Path, *, span: Span, watch: object) -> list[Summary]:
        calls.append((tables[0], span))
        content = {
            **{"transactions": 1, "windows": 1, "alarms": [], "trainings": [], "rollouts": []},
            **{"champions": [{"version": 1}]},
            **{"git": {"stable_version": 1, "desired_version": 1}, "registry": {"champion": 1}},
            **{"lost": 0, "duplicated": 0, "dead_letters": 0, "ledger_sha256": "00"},
            "seconds": {"total": 0.0, "training": 0.0},
        }
        return [Summary(content)]

    monkeypatch.setattr("evermodel.twin.replay.play", play)
    return calls


BAD: dict[str, tuple[Change, str]] = {
    "empty": (lambda t: t.clear(), "t.parquet: the table has no rows"),
    "a missing column": (lambda t: t.drop("sum"), "t.parquet: no column sum; the table has at, "),
    "no labels": (lambda t: t.with_columns(bad=pl.lit(None)), "t.parquet: column bad has no label"),
    "one class": (lambda t: t.with_columns(bad=pl.lit(0)), "column bad has one class only (0)"),
    "a text": (lambda t: t.with_columns(sum=pl.lit("x")), "column sum holds String"),
    "too short": (lambda t: t.head(8), "the first model is trained at 2025-01-07"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_played_is_one_sentence_and_a_code(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, says = BAD[case]
    change(table()).write_parquet("t.parquet")
    assert replay() == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.startswith("evermodel: ")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not Path("out").exists(), "what is refused leaves nothing"


def test_an_engine_that_is_not_there_is_refused_as_at_a_real_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("model.toml").write_text(MODEL + '[rollout]\nengine = "argo"\n')
    assert replay() == 2
    said = "evermodel: rollout.engine of small: only 'embedded' is built in: say that, or leave "
    assert capsys.readouterr().err.startswith(said)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--until", "2024-01-01"], "--until 2024-01-01 00:00 leaves nothing to play"),
        (["--until", "2025-01-04"], "give a later --until"),
        (["--until", "soon"], "--until 'soon' is no date or time"),
        (["--bootstrap-until", "2026-01-01"], "--bootstrap-until must lie inside"),
        (["--bootstrap-until", "noon"], "--bootstrap-until 'noon' is no date or time"),
        (["--seed", "x"], "--seed"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(*options) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_a_seed_is_refused_on_the_command_line_in_the_words_of_the_file(
    seed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay("--seed", seed) == 2
    (said,) = capsys.readouterr().err.splitlines()
    Path("model.toml").write_text(f"{MODEL}seed = {seed}\n")
    assert replay() == 2
    (of_the_file,) = capsys.readouterr().err.splitlines()
    words = of_the_file.partition("training.seed: ")[2]
    assert words
    assert said == f"evermodel: --seed: {words}"


@pytest.fixture
def unplayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that could be learned from, and services that must not be started for it."""

    def started(*_: object, **__: object) -> None:
        raise AssertionError("something was played")

    monkeypatch.setattr("evermodel.twin.replay.twin", started)
    first = datetime(2025, 1, 1)  # noqa: DTZ001  # a naive column
    pl.DataFrame(
        {
            "at": [first + timedelta(minutes=20 * i) for i in range(800)],
            "sum": [float(i) for i in range(800)],
            "bad": [int(i % 9 == 0) for i in range(800)],
        }
    ).write_parquet("t.parquet")


@pytest.mark.usefixtures("unplayed")
@pytest.mark.parametrize("out", ["notes.txt", "notes.txt/below", "/proc/x", "/proc"])
def test_where_nothing_can_be_written_nothing_is_played(
    out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("notes.txt").write_text("mine")
    assert replay("--out", out) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"evermodel: {out}: cannot be used: ")
    assert said.count("\n") == 1
    assert Path("notes.txt").read_text() == "mine"


@pytest.mark.usefixtures("unplayed")
@pytest.mark.parametrize(
    ("bootstrap", "bad", "says"),
    [
        ("2025-01-02", "bad", "trained at 2025-01-02 00:00, of 0 labelled rows, and a training ne"),
        ("2025-01-03", "bad", "trained at 2025-01-03 00:00, of 72 labelled rows, and a training "),
        (
            "2025-01-07",
            "late",
            "of 360 labelled rows, 0 of them frauds, and a training needs 13 of",
        ),
        (
            "2025-01-07",
            "rare",
            "of 0 labelled rows, and a training needs 207: give a later --boots",
        ),
    ],
)
def test_a_first_training_that_could_make_nothing_is_refused_before_anything_is_played(
    bootstrap: str, bad: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {
        "bad": pl.col("bad"),
        "late": pl.when(pl.col("sum") < 400).then(0).otherwise("bad"),
        "rare": pl.when(pl.col("sum") < 400).then(None).otherwise("bad"),
    }
    pl.read_parquet("t.parquet").with_columns(bad=labels[bad]).write_parquet("t.parquet")
    assert replay("--bootstrap-until", bootstrap) == 2
    said = capsys.readouterr().err
    assert said.startswith("evermodel: small: the first model is ")
    assert says in said
    assert said.count("\n") == 1
    assert not Path("out").exists()


@pytest.mark.usefixtures("unplayed")
def test_what_can_be_learned_from_is_played() -> None:
    with pytest.raises(AssertionError, match="something was played"):
        play(
            [read_file(Path("t.parquet"), model=read_model(Path("model.toml")))],
            Path("out"),
            span=Span(),
        )


def test_a_table_that_was_sorted_says_so_and_is_played(
    played: list[tuple[Table, Span]], capsys: pytest.CaptureFixture[str]
) -> None:
    table().reverse().write_csv("t.csv")
    assert replay(data="t.csv") == 0
    assert capsys.readouterr().err == (
        "evermodel: t.csv: the rows were not in time order and have been sorted\n"
    )
    assert played[0][0].frame["sum"].is_sorted()


def test_the_seed_of_the_command_line_goes_before_that_of_the_file(
    played: list[tuple[Table, Span]],
) -> None:
    assert replay() == replay("--seed", "11") == replay("--seed", "4294967295") == 0
    assert [table.model.training.seed for table, _ in played] == [7, 11, 4294967295]
    assert {table.model.training.window for table, _ in played} == {timedelta(days=5)}


def test_the_span_is_that_of_the_command_line_in_utc(played: list[tuple[Table, Span]]) -> None:
    assert replay("--until", "2025-01-15", "--bootstrap-until", "2025-01-08T02:00:00+02:00") == 0
    ((_, span),) = played
    assert span.until == datetime(2025, 1, 15, tzinfo=UTC)
    assert span.bootstrap_until == datetime(2025, 1, 8, tzinfo=UTC)
