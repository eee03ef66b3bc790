"""What `replay` and `demo` end with, and what they refuse to begin with."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evermodel.cli.main import run
from evermodel.playback.summary import Summary
from tests.unit.cli.summary import SUMMARY

CONTENT: dict[str, Any] = SUMMARY | {
    "model": "fraud",
    "champions": [{"version": 1}],
    "rollouts": [{"outcome": "promoted"}, {"outcome": "promoted"}, {"outcome": "aborted"}],
    "alarms": [{"cause": "quality", "severity": "watch"}],
}
FAILED = {"outcome": "failed", "time": "2025-02-01T00:00:00Z", "reason": "one class only"}
COMMANDS = {
    "evermodel.twin.replay.replay": ["replay", "--model", "m", "--data", "d", "--out", "o"],
    "evermodel.demo.story.tell": ["demo", "--out", "o"],
}


def played(name: str, content: dict[str, Any], patch: pytest.MonkeyPatch) -> int:
    def answer(*_: object, **given: Any) -> Summary:
        summary = Summary(content)
        if "then" in given:  # the demo's outputs are told while the stack still runs
            given["then"](SimpleNamespace(console="c", mlflow_uri="m"), summary)
        return summary

    patch.setattr(name, answer)
    patch.setattr("evermodel.cli.playing.end_on_signals", lambda _: None)
    return run(COMMANDS[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_run_that_served_is_a_success(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert played(name, CONTENT, monkeypatch) == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_a_run_that_never_served_fails_with_the_reason(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = {"champions": [], "rollouts": [], "validations": [], "trainings": [FAILED]}
    assert played(name, CONTENT | nothing, monkeypatch) == 1
    said, sentence = capsys.readouterr()
    assert sentence == (
        "evermodel: fraud: nothing was ever served: the first training failed: one class only\n"
    )
    assert f"see          {Path('o') / 'report.html'}" in said, "what there is can be looked at"


@pytest.mark.parametrize(
    "otherwise",
    [
        {"lost": 3},
        {"rollouts": [{"outcome": "promoted"}]},
        {"alarms": []},
        {"registry": {"champion": 3}},
        {"git": {"stable_version": 2, "desired_version": 3}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_story_that_ends_otherwise_is_a_failure(
    otherwise: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert played("evermodel.demo.story.tell", CONTENT | otherwise, monkeypatch) == 1
    assert "the story did not end as it should" in capsys.readouterr().err


def test_on_a_terminal_the_summary_comes_before_the_wait_and_ctrl_c_is_the_normal_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said_before = []

    class Interrupted:
        def wait(self) -> None:
            said_before.append(capsys.readouterr().out)
            raise KeyboardInterrupt

    monkeypatch.setattr("evermodel.cli.playing.threading", SimpleNamespace(Event=Interrupted))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert played("evermodel.demo.story.tell", CONTENT, monkeypatch) == 0
    assert "serving" in said_before[0]
    assert "Ctrl-C ends everything." in said_before[0]


@pytest.mark.parametrize(
    "variable",
    [
        "KAFKA_BOOTSTRAP_SERVERS",
        "MLFLOW_TRACKING_URI",
        "EVERMODEL_CONFIG_REPOSITORY",
        "EVERMODEL_LAKE",
    ],
)
def test_the_demo_never_plays_into_a_system_of_ones_own(
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv(variable, "production")
    monkeypatch.setattr("evermodel.cli.playing.end_on_signals", lambda _: None)
    assert run(["demo", "--out", str(tmp_path / "out")]) == 2
    assert f"unset {variable} first" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_outside_a_checkout_the_demo_says_where_its_description_lies(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["demo"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("evermodel: there is no examples/demo/model.toml here: call the demo ")
    assert "--model" in said
    assert list(tmp_path.iterdir()) == []


MODEL = """
[model]
name = "t"
[stream]
time = "at"
label = "bad"
[features]
continuous = ["sum"]
"""
ROWS = [f"2025-01-{day:02d},{day % 2},{day}.5" for day in range(1, 29)]
REFUSED = {
    "empty": ([], "no rows"),
    "no labels": ([row.replace(",0,", ",,").replace(",1,", ",,") for row in ROWS], "no labels"),
    "one class": ([row.replace(",1,", ",0,") for row in ROWS], "one class only (0)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_learned_from_is_refused_before_anything_is_played(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, why = REFUSED[case]
    (tmp_path / "model.toml").write_text(MODEL)
    (tmp_path / "t.csv").write_text("\n".join(["at,bad,sum", *rows]) + "\n")
    files = ["--model", str(tmp_path / "model.toml"), "--data", str(tmp_path / "t.csv")]
    assert run(["replay", *files, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("evermodel: ")
    assert why in said
    assert not (tmp_path / "out" / "summary.json").exists()
