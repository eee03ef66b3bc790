"""A report is owed on each alarm, made once, and nothing waits for it."""

import logging
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from evermodel.common.events.drift import DriftDetected
from evermodel.common.kernel.ids import EventId
from evermodel.common.testing.harness import Crashed
from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.handlers.reporting import PAUSES
from evermodel.drift.ports import Filed, ReportFailed, Unavailable
from tests.unit.drift.detecting import Desk
from tests.unit.drift.drifting import drift, retrain
from tests.unit.drift.fake_reports import FakeReports
from tests.unit.drift.windows import REFERENCE, window


def counted(desk: Desk, outcome: str) -> float | None:
    """Return how many reports the last life counted as ended so."""
    labels = {"model": "fraud", "outcome": outcome}
    registry = desk.specs[-1].metrics.registry
    return registry.get_sample_value("evermodel_drift_reports_total", labels)


def test_a_retrain_verdict_has_one_report_filed_under_its_events_id() -> None:
    reports = FakeReports()
    desk = Desk(REFERENCE, reports)
    desk.start()
    drift(desk)
    severities = [v.payload.severity for v in desk.verdicts()]
    assert severities == ["watch", "retrain", "cleared"]
    assert list(reports.filed) == [retrain(desk)]
    assert '"owed":{}' in desk.state()
    assert counted(desk, "filed") == 1


def test_broken_input_is_no_alarm() -> None:
    reports = FakeReports()
    desk = Desk(REFERENCE, reports)
    desk.start()
    desk.crown()
    for number in range(3):
        given = window(number, nulls=900)
        desk.harness.publish(given, time=given.window.end)
    desk.harness.run()
    assert [v.payload.cause for v in desk.verdicts()] == ["quality"]
    assert reports.asked == []


def test_without_rows_to_draw_the_numbers_are_filed() -> None:
    reports = FakeReports()
    desk = Desk(REFERENCE, reports)
    desk.start()
    drift(desk, files=())
    assert [filed.without for filed in reports.filed.values()] == [
        "the window of the verdict has no rows in the lake"
    ]
    assert counted(desk, "without_pictures") == 1


def test_a_store_that_is_away_is_asked_again_until_it_answers() -> None:
    reports = FakeReports(away=3)
    desk = Desk(REFERENCE, reports)
    desk.start()
    drift(desk)
    assert desk.pauses == list(PAUSES[:3])
    assert list(reports.filed) == [retrain(desk)]


@dataclass
class Refusing:
    """Reports that always end with `error`."""

    error: BaseException
    asked: int = 0

    def file(self, alarm: Alarm, *, without: str = "") -> Filed:
        self.asked += 1
        raise self.error


@pytest.mark.parametrize(
    "error", [Unavailable("nobody listens"), ReportFailed("it broke"), ZeroDivisionError("a bug")]
)
def test_whatever_becomes_of_a_report_verdicts_go_on_and_it_is_said(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(REFERENCE, Refusing(error))
    desk.start()
    with caplog.at_level(logging.ERROR):
        drift(desk)
    assert [v.payload.severity for v in desk.verdicts()] == ["watch", "retrain", "cleared"]
    assert '"owed":{}' in desk.state(), "a report that was given up is owed no longer"
    assert "fraud: no report on" in caplog.text
    assert str(error) in caplog.text
    assert counted(desk, "given_up") == 1
    assert desk.harness.dead_letters("drift") == []


@dataclass
class Dying:
    """The process is killed while it makes its first report; the next life makes it."""

    then: FakeReports = field(default_factory=FakeReports)
    seen: list[tuple[EventId, list[EventId]]] = field(default_factory=list)
    desk: Desk | None = None

    def file(self, alarm: Alarm, *, without: str = "") -> Filed:
        assert self.desk is not None
        said = [v.meta.id for v in self.desk.harness.events(DriftDetected)]
        self.seen.append((alarm.event_id, said))
        if len(self.seen) == 1:
            raise Crashed
        return self.then.file(alarm, without=without)


def test_a_report_that_a_crash_cut_off_is_made_by_the_next_life_and_once() -> None:
    reports = Dying()
    desk = reports.desk = Desk(REFERENCE, reports)
    desk.start()
    with pytest.raises(Crashed):
        drift(desk)
    (first, said), *_ = reports.seen
    assert first in said, "the verdict was out before its report was begun"
    assert f'"owed":{{"{first}"' in desk.state()
    desk.start()
    desk.harness.run()
    assert [event_id for event_id, _ in reports.seen] == [first, first]
    assert list(reports.then.filed) == [first]
    desk.start()
    desk.harness.run()
    assert len(reports.seen) == 2, "what is filed is owed no longer"


def test_where_no_reports_are_kept_none_are_owed() -> None:
    desk = Desk(REFERENCE)
    desk.reports = None  # type: ignore[assignment]  # as in the twin
    desk.start()
    drift(desk)
    assert [v.payload.severity for v in desk.verdicts()] == ["watch", "retrain", "cleared"]
    assert '"owed":{}' in desk.state()


def test_the_detectors_process_holds_neither_evidently_nor_mlflow() -> None:
    heavy = {"evidently", "mlflow", "duckdb", "pandas", "scipy", "tensorflow"}
    code = f"import sys, evermodel.drift.__main__; print(*({heavy!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == ""
