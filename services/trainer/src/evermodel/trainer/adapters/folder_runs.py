"""Runs as folders, for the twin: the run id derives from the cause, so nothing varies.

::

    <root>/<run id>/{bundle/..., holdout.parquet, reference/..., plots/..., report.json}

``runs:/<run id>/bundle`` names ``<root>/<run id>/bundle``, as it does in MLflow.
"""

import shutil
import uuid
from pathlib import Path

from evermodel.common.events.payload import Name, Time
from evermodel.common.kernel.ids import NAMESPACE, EventId
from evermodel.trainer.ports import REPORT, Plan, Report, Run


class FolderRuns:
    """Keeps runs below one folder (``RunStore``)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, *, model: Name, cause: EventId) -> Run | None:
        """Return the run of `cause` (``RunStore``); half of one lies under another name."""
        run_id = _run_id(model, cause)
        try:
            report = (self._root / run_id / REPORT).read_bytes()
        except FileNotFoundError:
            return None
        return Run.of(run_id, Report.model_validate_json(report))

    def record(
        self,
        folder: Path,
        *,
        report: Report,
        plan: Plan,
        cause: EventId,
        caused_at: Time,
        seconds: float,  # not kept: two replays leave the same bytes
    ) -> Run:
        """Copy `folder` and rename the copy into place (``RunStore``).

        Raises:
            OSError: the disk takes no more; nothing that `find` would return was made.
        """
        run_id = _run_id(plan.model.name, cause)
        draft, final = self._root / f".{run_id}", self._root / run_id
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(folder, draft)
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
        return Run.of(run_id, report)


def _run_id(model: Name, cause: EventId) -> str:
    return uuid.uuid5(NAMESPACE, f"run|{model}|{cause}").hex
