"""The story of ``make demo``, told by real processes over a real broker, and by the twin.

history ─▶ v1 ─▶ quiet ─▶ amounts drift ─▶ v2 ─▶ 10 20 50 100 ─▶ outage ─▶ drift ─▶ v3 ─▶ 10 ─▶ 0
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from evermodel.demo.description import write_description
from evermodel.demo.story import FAULT
from tests.e2e.conftest import Alone
from tests.e2e.demo import MODEL, REPLAY, Told, demo
from tests.e2e.processes import processes_of
from tests.e2e.small_bank import STILL, brought

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return demo(tmp_path_factory.mktemp("demo"), "--model", str(MODEL))


def test_one_version_is_promoted_and_the_bad_one_is_taken_back(told: Told) -> None:
    outcomes = {r["version"]: r["outcome"] for r in told.summary["rollouts"]}
    assert outcomes == {1: "promoted", 2: "promoted", 3: "aborted"}
    assert [c["version"] for c in told.summary["champions"]] == [1, 2]


def test_broken_data_is_told_and_trains_nothing(told: Told) -> None:
    quality = [a for a in told.summary["alarms"] if a["cause"] == "quality"]
    assert Counter(a["severity"] for a in quality) == {"watch": 1, "cleared": 1}
    causes = {training["caused_by"] for training in told.summary["trainings"]}
    assert causes.isdisjoint(alarm["event_id"] for alarm in quality)
    assert len(told.summary["trainings"]) == 3


def test_what_the_trainings_took_is_told(told: Told) -> None:
    seconds = told.summary["seconds"]
    assert 0 < seconds["training"] < seconds["total"]


def test_each_alarm_that_trained_has_a_page_that_evidently_drew(told: Told) -> None:
    causes = {training["caused_by"] for training in told.summary["trainings"]}
    alarms = [a for a in told.summary["alarms"] if a["severity"] == "retrain"]
    trained = {a["time"][:10].replace("-", "") for a in alarms if a["event_id"] in causes}
    pages = {page.name[:8] for page in (told.out / "drift").glob("*.html")}
    assert len(trained) == 2
    assert trained <= pages
    assert told.said.count("  REPORT    ") == len(alarms)


def test_nothing_happens_in_the_quiet_time(told: Told) -> None:
    first = min(a["time"] for a in told.summary["alarms"])
    assert first == "2025-04-01T00:00:00Z", "the amounts move on 31 March"


def test_nothing_is_lost_doubled_or_given_up(told: Told) -> None:
    summary = told.summary
    assert (summary["lost"], summary["duplicated"], summary["dead_letters"]) == (0, 0, 0)
    assert summary["transactions"] > 240_000


def test_git_registry_and_traffic_agree_at_the_end(told: Told) -> None:
    git, repository = told.summary["git"], told.out / "stack" / "config.git"
    file = subprocess.run(
        ["git", "-C", repository, "show", "main:environments/production/fraud.yaml"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "version: 2\n" in file
    assert (git["desired_version"], git["stable_version"]) == (2, 2)
    assert told.summary["registry"]["champion"] == 2
    last = [e["data"] for e in told.events if e["type"] == "evermodel.rollout.step.v1"][-1]
    third = next(
        e["data"]
        for e in told.events
        if e["type"] == "evermodel.model.validated.v1" and e["data"]["version"] == 3
    )
    assert third["artefact"]["digest"] in last["quarantined"]


def test_git_says_why_the_version_was_taken_back(told: Told) -> None:
    repository = told.out / "stack" / "config.git"
    log = subprocess.run(
        ["git", "-C", repository, "log", "-1", "--format=%B", "main"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "v3 -> v2" in log.splitlines()[0]
    assert "Rollback-Of:" in log
    assert "Rollback-Reason:" in log


def test_every_event_has_a_cause_that_exists(told: Told) -> None:
    known = {event["id"] for event in told.events}
    # A command is a beginning; windows are caused by partials, which are not kept.
    untold = {"evermodel.lifecycle.command.v1", "evermodel.transactions.windowed.v1"}
    for event in told.events:
        if event["type"] not in untold:
            assert event["causationid"] in known, event["type"]


def test_each_training_has_the_lifecycle_of_its_rollout(told: Told) -> None:
    lifecycles = {
        kind: {e["lifecycleid"] for e in told.events if e["type"] == f"evermodel.{kind}.v1"}
        for kind in ("model.trained", "model.validated", "rollout.step")
    }
    assert len(lifecycles["model.trained"]) == 3
    assert len({frozenset(found) for found in lifecycles.values()}) == 1


def test_the_report_needs_nothing_from_elsewhere(told: Told) -> None:
    page = (told.out / "report.html").read_text()
    assert "<svg" in page
    assert "src=" not in page
    assert "<link" not in page


def test_no_process_is_left(told: Told) -> None:
    assert processes_of(told.out) == []


@pytest.fixture(scope="module")
def replayed(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """What two processes made of the demo's payments, at once; each orders sets in its own way."""
    outs = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    command = [sys.executable, "-c", REPLAY, str(MODEL), str(told.out / "data.parquet")]
    twins = [
        subprocess.Popen([*command, str(out), FAULT], env={**os.environ, "PYTHONHASHSEED": seed})
        for out, seed in zip(outs, "12", strict=True)
    ]
    assert [twin.wait(timeout=800) for twin in twins] == [0, 0]
    return outs


def test_the_twin_decides_the_same(told: Told, replayed: Sequence[Path]) -> None:
    summary = json.loads((replayed[0] / "summary.json").read_text())
    assert summary["ledger_sha256"] == told.summary["ledger_sha256"]


def test_two_replays_of_the_story_write_the_same_bytes(replayed: Sequence[Path]) -> None:
    one, other = replayed
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    assert {"events.jsonl", "report.html", "scored.parquet", "summary.json"} <= set(names)
    for name in names:
        first, second = ((out / name).read_bytes() for out in replayed)
        if name == "summary.json":
            first, second = (without_seconds(content) for content in (first, second))
        assert first == second, name


def without_seconds(summary: bytes) -> bytes:
    """Return the bytes of `summary` up to its last key, which says how long the run took."""
    kept, mark, seconds = summary.rpartition(b'"seconds": {')
    assert mark
    assert seconds.count(b"}") == 2, "what is left out is the seconds alone"
    return kept


def test_a_file_is_played_in_the_folder_of_an_earlier_demo_as_if_there_had_been_none(
    told: Told, alone: Alone, tmp_path: Path
) -> None:
    shutil.copytree(told.out, tmp_path / "again")
    frame, model = brought(STILL)
    frame.write_parquet(tmp_path / "wires.parquet")
    write_description(model, tmp_path / "wires.toml")
    files = ["--data", str(tmp_path / "wires.parquet"), "--model", str(tmp_path / "wires.toml")]
    again = demo(tmp_path / "again", *files)
    assert again.summary["ledger_sha256"] == alone(STILL)["ledger_sha256"]
    assert again.summary["transactions"] == len(frame)
    assert [again.summary[name] for name in ("lost", "duplicated", "dead_letters")] == [0, 0, 0]
    assert {event["subject"] for event in again.events} == {model.name}
    assert list((again.out / "drift").glob("*")) == [], "those pages were of the earlier alarms"
    log = ["git", "-C", str(again.out / "stack" / "config.git"), "log", "--format=%s", "main"]
    said = subprocess.run(log, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ["promote(wires): none -> v1", "Begin"]
    assert processes_of(again.out) == []
