"""``python -m evermodel.drift.child ORDER ANSWER``: the report on one alarm, found or made.

look up the run ─▶ verdict.json ─▶ samples ─▶ Evidently ─▶ run, finished
"""

import os
import sys
import tempfile
import traceback
from pathlib import Path

from evermodel.common.kernel.errors import is_exhausted
from evermodel.common.runtime.bounded import end_with_starter, write_report
from evermodel.drift.adapters.mlflow_reports import MlflowReports
from evermodel.drift.adapters.report_papers import ALARM, ANSWER, ORDER, VERDICT, NotFiled, Order
from evermodel.drift.ports import Filed, Unavailable

#: Whoever decides goes first.
_NICENESS = 10


def main(order: Path, answer: Path) -> int:
    """Carry out the order in the file `order` and write what came of it into `answer`."""
    end_with_starter()
    os.nice(_NICENESS)
    found = _answer(ORDER.validate_json(order.read_bytes()))
    write_report(answer, ANSWER.dump_json(found))
    return 0


def _answer(order: Order) -> Filed | NotFiled:
    store = MlflowReports(order.tracking_uri)
    try:
        found = store.find(order.alarm)
        if found is not None:
            return found
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / VERDICT).write_bytes(ALARM.dump_json(order.alarm, indent=1))
            if not order.without:
                failure = _pictures(order, folder)
                if failure is not None:
                    return failure
            return store.record(order.alarm, folder, without=order.without)
    except Unavailable as error:
        return NotFiled("unavailable", str(error))
    except OSError as error:
        if not is_exhausted(error):
            raise
        return NotFiled("unavailable", str(error))


def _pictures(order: Order, folder: Path) -> NotFiled | None:
    from evermodel.drift.child.pictures import draw  # noqa: PLC0415  # seconds, and often not needed

    try:
        draw(order, folder)
    except Exception as error:  # noqa: BLE001  # the answer is how the detector learns of it
        traceback.print_exc()
        return NotFiled("failed", f"{type(error).__name__}: {error}")
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
