"""A disk that is really full: what is worked on waits, and nothing is given up or lost for it.

The trainer's work, the registrar's and the drift reports' lie in ``EVERMODEL_WORK``, the windower's
in the lake. A child that has no room for its report cannot say so in that report.
"""

import logging
import shutil
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging import lockstep
from evermodel.common.runtime.bounded import Bounds
from evermodel.drift.adapters.process_reports import ProcessReports
from evermodel.drift.ports import Filed
from evermodel.drift.ports import Unavailable as NotNow
from evermodel.lake.files import every_file
from evermodel.registrar.adapters.child_evaluation import ChildEvaluation
from evermodel.registrar.domain.evidence import Unloadable
from evermodel.trainer.adapters.process_child import ProcessChild
from evermodel.trainer.ports import Unavailable
from tests.faults.disk import Disk
from tests.faults.input.windowing import Windowing
from tests.integration.trainer.lakes import plan, table, write_lake
from tests.unit.drift.alarms import alarm
from tests.unit.drift.lake_files import NOT_NOW
from tests.unit.drift.windows import REFERENCE
from tests.unit.registrar.samples import PLAN

#: Where no disk can be made, "File too large" stands for a full one.
AS_ON_THIS_DISK = """import errno
from evermodel.common.kernel import errors
errors._EXHAUSTED.add(errno.EFBIG)"""
TRAINS = "child.leave(child.main(sys.argv[1:]))"


@pytest.mark.guarantee(
    "outside",
    fault="the lake's disk is full while windows close",
    promise="the windower waits; with the room each row is there once, and counted once",
    seen=NOT_NOW,
)
def test_a_lake_without_room_is_waited_for_and_holds_each_row_once(
    disk: Disk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockstep, "PATIENCE_SECONDS", 60.0)
    windowing = Windowing(folder=disk.root / "lake")
    for number in range(3):
        windowing.row("2018-06-04T11:00:00Z", id=f"a{number}")
    with disk.full(), caplog.at_level(logging.WARNING):
        with pytest.raises(TimeoutError, match="not quiet"):
            windowing.until("2018-06-07T00:00:00Z")
        assert windowing.counted() == {}
    assert "tried again in 1.0 s: the lake does not take" in caplog.text
    windowing.until("2018-06-07T00:00:00Z")
    assert windowing.counted() == {"2018-06-04": 3}
    files = every_file(disk.root / "lake")
    assert sum(pq.ParquetFile(file).metadata.num_rows for file in files) == 3
    assert windowing.letters() == []


def stand_in(module: str, folder: Path, *lines: str) -> Path:
    """Write ``stand_in.py``: the real child, its work done as `lines` say."""
    file = folder / "stand_in.py"
    file.write_text(
        "\n".join(
            (AS_ON_THIS_DISK, "import sys", f"from {module} import __main__ as child", *lines)
        )
    )
    return file


@pytest.mark.guarantee(
    "outside",
    fault="EVERMODEL_WORK is full when a training's process would write its report",
    promise="the training is made again when there is room; no model.trained says failed",
    seen="trainer logs 'a training waits, again in 1 s: no room for the training's report'",
)
def test_a_training_without_room_for_its_report_is_not_a_failed_one(
    disk: Disk, tmp_path: Path
) -> None:
    program = stand_in(
        "evermodel.trainer.child",
        tmp_path,
        "child._report = lambda plan, folder: child.Report(outcome='failed', reason='x' * 9000)",
        TRAINS,
    )
    folder = disk.root / "training"
    folder.mkdir()
    child = ProcessChild(
        monotonic=time.monotonic,
        cache=tmp_path / "cache",
        command=(sys.executable, str(program)),
    )
    with disk.full(but=8192), pytest.raises(Unavailable, match="no room for the training's report"):
        child.run(plan(tmp_path), folder=folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert child.run(plan(tmp_path), folder=folder).outcome == "failed"


@pytest.mark.whole
@pytest.mark.guarantee(
    "outside",
    fault="EVERMODEL_WORK has {kilobytes} kB left for a training that needs 150",
    promise="the training is made again when there is room; no model.trained says failed",
    seen="trainer logs 'a training waits, again in 1 s: …'",
)
@pytest.mark.parametrize("kilobytes", [8, 40, 70, 120])
def test_a_real_training_that_meets_a_full_disk_anywhere_is_made_again(
    kilobytes: int, disk: Disk, tmp_path: Path
) -> None:
    write_lake(tmp_path / "lake", table())
    program = stand_in("evermodel.trainer.child", tmp_path, TRAINS)
    child = ProcessChild(
        monotonic=time.monotonic,
        cache=tmp_path / "cache",
        command=(sys.executable, str(program)),
    )
    folder = disk.root / "training"
    folder.mkdir()
    # A limit is of each file by itself: the first that is larger meets it.
    left = kilobytes if disk.way == "tmpfs" else 8
    with disk.full(but=left * 1024), pytest.raises(Unavailable):
        child.run(plan(tmp_path / "lake"), folder=folder)
    shutil.rmtree(folder)
    folder.mkdir()
    assert child.run(plan(tmp_path / "lake"), folder=folder).outcome == "trained"


@pytest.mark.guarantee(
    "outside",
    fault="EVERMODEL_WORK is full when an evaluation's process would write its result",
    promise="the candidate is evaluated again when there is room; no model.validated rejects it",
    seen="registrar logs 'tried again in 1.0 s: no room for the evaluation's result'",
)
def test_an_evaluation_without_room_for_its_result_rejects_nobody(
    disk: Disk, tmp_path: Path
) -> None:
    stand_in(
        "evermodel.registrar.child",
        tmp_path,
        "from evermodel.registrar.domain.evidence import Unloadable",
        "child.start_tensorflow = lambda threads: None",
        "child.evaluate = lambda plan: Unloadable('x' * 9000)",
        "child.leave(child.main())",
    )
    evaluation = ChildEvaluation(
        max_seconds=60,
        max_memory_mb=2048,
        home=tmp_path,
        module="stand_in",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    with disk.full(but=8192), pytest.raises(Transient, match="no room for the evaluation's result"):
        evaluation(PLAN, disk.root)
    assert isinstance(evaluation(PLAN, disk.root), Unloadable)


@pytest.mark.guarantee(
    "outside",
    fault="EVERMODEL_WORK is full when a drift report is made: {left} bytes are left",
    promise="the report is made when there is room, for half an hour",
    seen="detector logs 'reports cannot be filed, again in 5 s: no room for the report…'",
)
@pytest.mark.parametrize("left", [0, 8192])
def test_a_report_without_room_is_made_later(left: int, disk: Disk, tmp_path: Path) -> None:
    stand_in(
        "evermodel.drift.child",
        tmp_path,
        "child._answer = lambda order: child.Filed(run_id='r', url='u' * 9000)",
        "sys.exit(child.main(*map(child.Path, sys.argv[1:])))",
    )
    reports = ProcessReports(
        lake=tmp_path,
        tracking_uri="http://nowhere",
        work=disk.root / "work",
        bounds=Bounds(60, 1000),
        module="stand_in",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    given = alarm("a1", REFERENCE)
    with disk.full(but=left), pytest.raises(NotNow, match="no room for the report"):
        reports.file(given)
    assert isinstance(reports.file(given), Filed)
