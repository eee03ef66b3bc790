"""The closing lines of a run: whole statements in a file, folded between words on a terminal."""

from pathlib import Path

import pytest

from evermodel.cli.playing import _say
from evermodel.cli.replaying import closing_lines, wrapped
from tests.unit.cli.summary import SUMMARY


def test_every_line_is_a_whole_statement() -> None:
    lines = list(closing_lines(SUMMARY, out=Path("runs/mine")))
    assert "serving      version 2 (Git says 2, MLflow's champion is 2)" in lines
    assert "lost         0, duplicated 0, dead letters 0" in lines
    assert "took         10 s, 3 s of it training" in lines
    assert [line for line in lines if line.endswith((",", ", ", "("))] == []


def test_a_training_that_failed_and_a_run_that_served_nothing_say_so() -> None:
    failed = {"outcome": "failed", "time": "2025-02-01T00:00:00Z", "reason": "one class only"}
    bare = {"stable_version": None, "desired_version": None}
    summary = SUMMARY | {"trainings": [failed], "git": bare, "registry": {"champion": None}}
    lines = list(closing_lines(summary, out=Path("runs/mine")))
    assert "trainings    1 failed" in lines
    assert "failed       2025-02-01: one class only" in lines
    assert "serving      nothing (Git says None, MLflow's champion is None)" in lines


def test_off_a_terminal_nothing_is_folded(capsys: pytest.CaptureFixture[str]) -> None:
    _say("word " * 100)
    assert capsys.readouterr().out == "word " * 100 + "\n"


def test_on_a_terminal_a_line_folds_between_words_under_its_second_column() -> None:
    folded = wrapped("serving      version 2 (Git says 2, MLflow's champion is 2)", columns=40)
    _, *rest = folded.splitlines()
    assert all(len(line) <= 40 for line in folded.splitlines())
    assert rest
    assert all(line.startswith(" " * 13) for line in rest)
    assert " ".join(folded.split()) == "serving version 2 (Git says 2, MLflow's champion is 2)"


@pytest.mark.parametrize("word", ["ab" * 32, "runs/a-long-name/of-a-folder/with-hyphens/report"])
def test_what_is_there_to_be_copied_stays_whole(word: str) -> None:
    assert word in wrapped(f"see          {word}", columns=30)


def test_an_empty_line_stays_one() -> None:
    assert wrapped("", columns=80) == ""
