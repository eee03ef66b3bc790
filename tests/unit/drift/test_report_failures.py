"""Why a report has no pictures stands in a tag for all to see: without what looks like a secret."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evermodel.common.runtime.bounded import Bounds
from evermodel.drift.adapters import process_reports
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.adapters.report_papers import ANSWER, NotFiled
from evermodel.drift.ports import ReportFailed, Unavailable
from tests.unit.drift.alarms import alarm
from tests.unit.drift.windows import REFERENCE

SAID = "cannot reach s3://me:hunter2@store/bucket, api_key=hunter3"
REDACTED = "cannot reach s3://***@store/bucket, api_key=***"
Child = Callable[[Path, Path], None]


@pytest.fixture
def filed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Child], object]:
    """Have a report made by a child that is given the files for its answer and for its words."""

    def file(child: Child) -> object:
        def run(command: Sequence[str], *, log: Path, **_given: object) -> None:
            child(Path(command[-1]), log)

        monkeypatch.setattr(process_reports, "run_bounded", run)
        reports = ProcessReports(
            lake=tmp_path, tracking_uri="http://nowhere", work=tmp_path, bounds=Bounds(1, 1)
        )
        return reports.file(alarm("a1", REFERENCE))

    return file


def test_the_last_words_of_a_child_that_broke_hold_no_secret(
    filed: Callable[[Child], object],
) -> None:
    def breaks(_answer: Path, log: Path) -> None:
        log.write_text(SAID, encoding="utf-8")

    with pytest.raises(ReportFailed) as failed:
        filed(breaks)
    assert str(failed.value) == f"the report broke: {REDACTED}"


def test_a_secret_is_found_though_only_the_last_words_are_kept(
    filed: Callable[[Child], object],
) -> None:
    def breaks(_answer: Path, log: Path) -> None:
        log.write_text(f"password={'x' * 400} the end", encoding="utf-8")

    with pytest.raises(ReportFailed, match="the end") as failed:
        filed(breaks)
    assert "xx" not in str(failed.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [(NotFiled("failed", SAID), ReportFailed), (NotFiled("unavailable", SAID), Unavailable)],
)
def test_nor_does_a_childs_answer(
    filed: Callable[[Child], object], answer: NotFiled, error: type[Exception]
) -> None:
    def answers(to: Path, _log: Path) -> None:
        to.write_bytes(ANSWER.dump_json(answer))

    with pytest.raises(error) as failed:
        filed(answers)
    assert str(failed.value) == REDACTED
