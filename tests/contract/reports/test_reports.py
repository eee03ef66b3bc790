"""What every keeper of reports promises: Evidently and MLflow in a process, and the fake."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evermodel.common.runtime.bounded import Bounds
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.ports import ReportFailed, Reports, Unavailable
from tests.unit.drift.alarms import alarm, without_rows, write_lake
from tests.unit.drift.bench import referenced
from tests.unit.drift.fake_reports import FakeReports

REFERENCE = referenced()

Keepers = Callable[[], Reports]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    write_lake(root)
    return root


@pytest.fixture(params=["evidently and mlflow", "fake"])
def keepers(request: pytest.FixtureRequest, lake: Path, tmp_path: Path) -> Keepers:
    """Make a keeper anew over the same ground, as a restarted detector does."""
    if request.param == "fake":
        fake = FakeReports()
        return lambda: fake
    uri = request.getfixturevalue("mlflow_server")
    bounds = Bounds(600, 1024)
    return lambda: ProcessReports(lake=lake, tracking_uri=uri, work=tmp_path, bounds=bounds)


@pytest.fixture(params=["evidently and mlflow", "fake"])
def away(request: pytest.FixtureRequest, lake: Path, tmp_path: Path) -> Reports:
    """A keeper whose store does not answer."""
    if request.param == "fake":
        return FakeReports(away=1)
    uri, bounds = "http://127.0.0.1:9", Bounds(600, 1024)
    return ProcessReports(lake=lake, tracking_uri=uri, work=tmp_path, bounds=bounds)


def test_an_alarm_has_one_report_however_often_and_by_whom_it_is_asked_for(
    keepers: Keepers,
) -> None:
    given = alarm("contract-one", REFERENCE)
    filed = keepers().file(given)
    assert filed.without == ""
    assert filed.url
    assert keepers().file(given, without="nobody wants pictures") == filed


def test_without_rows_only_the_numbers_are_filed_and_nothing_before(keepers: Keepers) -> None:
    given = without_rows(alarm("contract-numbers", REFERENCE))
    with pytest.raises(ReportFailed, match="no rows in the lake"):
        keepers().file(given)
    filed = keepers().file(given, without="no rows")
    assert filed.without == "no rows"
    other = keepers().file(alarm("contract-other", REFERENCE), without="no time")
    assert other.run_id != filed.run_id


def test_a_store_that_does_not_answer_is_unavailable(away: Reports) -> None:
    with pytest.raises(Unavailable):
        away.file(alarm("contract-away", REFERENCE))
