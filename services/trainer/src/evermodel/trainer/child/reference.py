"""The drift reference of the new model, made of the windows it learned from.

All rows count here, labelled or not: drift is judged on what arrives. How many the new model
would alert is told only for windows it did not learn from; elsewhere the figure would flatter.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from evermodel.common.kernel.ids import ReferenceId
from evermodel.lake.files import replacing
from evermodel.lake.layout import reference_folder
from evermodel.profile.building import build_reference
from evermodel.profile.schema import Schema
from evermodel.profile.units import WindowRows
from evermodel.trainer.child.dataset import Rows, time_of
from evermodel.trainer.child.fitting import Predictor
from evermodel.trainer.ports import Plan


def write_reference(
    folder: Path,
    *,
    rows: Rows,
    plan: Plan,
    unseen_from: datetime,
    threshold: float,
    predict: Predictor,
) -> ReferenceId:
    """Write the reference into `folder` and return its id."""
    model = plan.model
    windows = [
        WindowRows(
            start=start,
            end=start + model.windows.length,
            columns=part.columns,
            alerts=_alerts(part, predict, threshold) if start >= unseen_from else None,
        )
        for start, part in _windows(rows, length=model.windows.length)
    ]
    reference = build_reference(
        windows,
        schema=Schema(
            continuous=model.features.continuous,
            categorical=model.features.categorical,
            flag=model.features.flag,
            season=model.windows.season,
        ),
        min_rows=model.windows.min_rows,
        history_quantile=model.drift.history_quantile,
        since=dict.fromkeys(plan.drifted, plan.onset) if plan.onset else None,
    )
    reference.save(folder)
    return ReferenceId(reference.reference_id)


def _windows(rows: Rows, *, length: timedelta) -> Sequence[tuple[datetime, Rows]]:
    """Return the windows that hold rows, with their rows; windows align with 1970."""
    step = length // timedelta(microseconds=1)
    starts = rows.times // step * step
    return [(time_of(start), rows.where(starts == start)) for start in np.unique(starts)]


def _alerts(rows: Rows, predict: Predictor, threshold: float) -> int:
    return int((predict(rows.columns) >= np.float32(threshold)).sum())


def copy_to_lake(folder: Path, *, plan: Plan, reference_id: ReferenceId) -> None:
    """Put the reference where the windower and the detector find it by its id."""
    target = Path(plan.lake) / reference_folder(plan.model.name, reference_id)
    for file in sorted(folder.iterdir()):
        with replacing(target / file.name) as draft:
            draft.write_bytes(file.read_bytes())
