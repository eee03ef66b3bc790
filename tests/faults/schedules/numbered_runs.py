"""Runs as MLflow keeps them, without MLflow: the store itself names each, whoever asks for it.

So a run that is recorded twice is there twice, which a derived id would hide. A run is finished
when its folder has its number as its name; what a crash left of one has another.

    <root>/<number>/{bundle/..., holdout.parquet, reference/..., report.json, cause.json}
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from evermodel.common.events.payload import Name, Time
from evermodel.common.kernel.ids import EventId
from evermodel.trainer.ports import REPORT, Plan, Report, Run

_CAUSE = "cause.json"


class NumberedRuns:
    """Keeps runs below one folder (``RunStore``)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, *, model: Name, cause: EventId) -> Run | None:
        """Return the run of `cause` (``RunStore``)."""
        for run_id, of_model, its_cause in self.all():
            if (of_model, its_cause) == (model, cause):
                report = (self._root / run_id / REPORT).read_bytes()
                return Run.of(run_id, Report.model_validate_json(report))
        return None

    def record(
        self,
        folder: Path,
        *,
        report: Report,
        plan: Plan,
        cause: EventId,
        caused_at: Time,
        seconds: float,
    ) -> Run:
        """Copy `folder` under the next number, unless that was done (``RunStore``)."""
        if found := self.find(model=plan.model.name, cause=cause):
            return found
        run_id = str(1 + len([*self.all()]))
        draft = self._root / f".{run_id}"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(folder, draft)
        (draft / REPORT).write_text(report.model_dump_json())
        (draft / _CAUSE).write_text(json.dumps([plan.model.name, cause]))
        draft.rename(self._root / run_id)
        return Run.of(run_id, report)

    def all(self) -> Iterator[tuple[str, str, str]]:
        """Yield number, model and cause of each finished run."""
        for path in sorted(self._root.glob(f"[0-9]*/{_CAUSE}")):
            model, cause = json.loads(path.read_text())
            yield path.parent.name, model, cause
