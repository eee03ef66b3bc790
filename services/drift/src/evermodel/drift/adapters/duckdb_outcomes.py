"""A cohort's scores and labels from the lake, as the columns that outcomes are counted from."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from evermodel.drift.domain.outcomes import Joined
from evermodel.lake.cohort import open_cohort
from evermodel.lake.columns import alert_column, score_column, versions_in

_ON_THE_GRID = timedelta(0)


class DuckdbOutcomes:
    """Keeps the promise of ``OutcomesLake`` below the folder `root`."""

    def __init__(self, root: Path, *, threads: int = 1) -> None:
        self._root, self._threads = root, threads

    def join(self, model: str, *, start: datetime, end: datetime, known_before: datetime) -> Joined:
        """Return the cohort ``start <= time < end`` with the labels known before `known_before`."""
        with open_cohort(
            self._root,
            model,
            start=start,
            end=end,
            known_before=known_before,
            window=_ON_THE_GRID,
            threads=self._threads,
        ) as cohort:
            versions = versions_in(cohort.columns)
            scores, alerts = map(score_column, versions), map(alert_column, versions)
            labels, found = cohort.read([*scores, *alerts])
        return Joined(
            labels=labels,
            scores={v: _filled(found[score_column(v)], np.nan, np.float32) for v in versions},
            alerts={v: _filled(found[alert_column(v)], -1, np.int8) for v in versions},
        )


def _filled(column: Any, missing: float, kind: type[np.generic]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the column with `missing` where it is null."""
    return np.asarray(np.ma.filled(np.ma.asarray(column).astype(kind), missing))
