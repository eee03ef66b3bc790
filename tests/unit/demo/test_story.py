"""A demo begins in an empty place, and takes nothing away but what a demo left there."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.payload import Span
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.demo import drift_reports
from evermodel.demo.drift_reports import fetch_reports
from evermodel.demo.story import _forget
from evermodel.embedded.errors import NotOurs
from evermodel.playback.journal import Journal
from tests.unit.demo.folders import LEFT, filled, names_in

DAY = datetime(2026, 1, 2, tzinfo=UTC)
OWN = ("model.toml", "payments.parquet", "notes/drift.html", "drift/notes.txt")


def test_what_an_earlier_demo_left_is_gone_and_a_persons_files_stay(tmp_path: Path) -> None:
    filled(tmp_path, *LEFT, *OWN, "stack/lock", "stack/stack.json", "stack/kafka/data")
    _forget(tmp_path)
    assert names_in(tmp_path) == {*OWN, "stack/lock"}, "and it is still known as a demo's"


def test_a_folder_that_is_no_demos_is_refused_whole(tmp_path: Path) -> None:
    filled(tmp_path, *LEFT, "stack/thesis.txt")
    with pytest.raises(NotOurs):
        _forget(tmp_path)
    assert names_in(tmp_path) == {*LEFT, "stack/thesis.txt"}


def alarm() -> Journal:
    payload = DriftDetected(
        model=ModelName("fraud"),
        window=Span(start=DAY, end=DAY),
        episode_id="e",
        cause="feature",
        severity="retrain",
        onset=DAY,
        features=("x",),
        rows=1,
        reference_id=None,
        champion=1,
        policy="p",
        reason="moved",
    )
    meta = EventMeta(id=EventId("a"), type=payload.TYPE, source="/test", subject="fraud", time=DAY)
    return Journal((Event(payload, meta),))


def test_a_report_that_is_still_being_drawn_is_not_called_unmade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, said = SimulatedClock(), list[str]()

    def nothing_yet(*_: Any) -> None:
        clock.advance(20)

    monkeypatch.setattr(drift_reports, "_run", nothing_yet)
    monkeypatch.setattr(drift_reports, "_LOOK_SECONDS", 0.0)
    found = fetch_reports(
        alarm(), model="fraud", mlflow="none", out=tmp_path, clock=clock, say=said.append
    )
    assert found == []
    assert said == ["2026-01-02  REPORT    still being drawn: the demo waits no longer"]
    assert clock.monotonic() >= 90, "a report takes its time beside a training"
