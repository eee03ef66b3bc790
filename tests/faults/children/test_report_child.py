"""The process that draws a report ends badly: the numbers are filed without pictures."""

import logging
from pathlib import Path

import pytest

from evermodel.common.observability.metrics import Metrics
from evermodel.common.runtime.bounded import Bounds
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.handlers.reporting import Reporting
from tests.faults.quick import whole_but
from tests.unit.drift.alarms import alarm
from tests.unit.drift.windows import REFERENCE
from tests.unit.runtime.offspring import our_children

#: Ends as told while it is asked for pictures; files the numbers at once.
CHILD = """
import json, os, signal, sys, threading
order, answer = (open(path, mode) for path, mode in zip(sys.argv[1:], "rw"))
without = json.load(order)["without"]
if not without:
    {ends}
json.dump({{"run_id": "r", "url": "u", "without": without}}, answer)
"""
WAIT = "threading.Event().wait()"
#: By the words of a cell: what the child does, and why there are no pictures then.
ENDINGS = {
    "is killed": ("os.kill(os.getpid(), signal.SIGKILL)", "the report broke"),
    "crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", "the report broke"),
    "writes garbage": ("answer.write('PK\\x00'); sys.exit(0)", "the report broke"),
    "says nothing": ("sys.exit(0)", "the report broke"),
    "hangs": (WAIT, "the report ran longer than 3 s"),
    "stands still": ("os.kill(os.getpid(), signal.SIGSTOP)", "the report ran longer than 3 s"),
    "takes too much memory": (
        f"held = b'x' * (200 << 20); {WAIT}",
        "the report took more than 100 MB",
    ),
}


def never(seconds: float) -> None:
    raise AssertionError(f"it waits {seconds} s for a store that answers")


@pytest.mark.guarantee(
    "outside",
    fault="the process of a drift report {ends}",
    promise="it is ended and reaped; the verdict's numbers are filed all the same",
    seen="detector logs '… it has no pictures: the report …'; evermodel_drift_reports_total, "
    "outcome without_pictures",
)
@pytest.mark.parametrize("ends", whole_but("writes garbage", ENDINGS))
def test_a_report_whose_process_ends_badly_is_filed_without_pictures(
    ends: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (does, why), before = ENDINGS[ends], our_children()
    (tmp_path / "stand_in.py").write_text(CHILD.format(ends=does))
    reports = ProcessReports(
        lake=tmp_path,
        tracking_uri="http://nowhere",
        work=tmp_path / "work",
        bounds=Bounds(3, 100),
        module="stand_in",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    metrics = Metrics()
    reporting = Reporting(reports=reports, source="/test", pause=never, metrics=metrics)
    given = alarm("a1", REFERENCE)
    (job,) = reporting.jobs({"a1": given})
    with caplog.at_level(logging.WARNING):
        reporting.ended(given, job.run())

    assert f"it has no pictures: {why}" in caplog.text
    counted = {"model": "fraud", "outcome": "without_pictures"}
    assert metrics.registry.get_sample_value("evermodel_drift_reports_total", counted) == 1
    assert list((tmp_path / "work").iterdir()) == []
    assert our_children() <= before, "neither alive nor a zombie"
