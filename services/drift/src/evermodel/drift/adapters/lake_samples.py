"""Equal samples of the two windows that a verdict compares, drawn from the lake with DuckDB.

The window: the rows that were counted under the verdict's reference. The reference: the rows of
its training time, of the same weekday where the rule compared with that weekday alone. Rows of
windows that failed quality are among them: the reference does not say which those were.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pandas as pd

from evermodel.common.events.drift import DriftDetected
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.profile.reference import Reference

_DAY = timedelta(days=1)


class NothingToSample(Exception):
    """A window has no rows in the lake; the message says which."""


class LakeSamples:
    """Samples of at most `rows` rows, the same for the same `seed` and files."""

    def __init__(self, root: Path, *, rows: int, seed: int) -> None:
        self._root, self._rows, self._seed = root, rows, seed

    def reference(self, verdict: DriftDetected) -> Reference:
        """Return the reference that the verdict was made against."""
        if verdict.reference_id is None:
            raise NothingToSample("the verdict has no reference")
        return LakeReferences(self._root).get(verdict.model, verdict.reference_id)

    def trained(self, verdict: DriftDetected, reference: Reference) -> pd.DataFrame:
        """Return rows that the reference was made from."""
        since, until = reference.trained_from, reference.trained_until
        days = (since + _DAY * i for i in range((until - since) // _DAY + 2))
        folders = (self._root / verdict.model / "scored" / f"day={day:%Y-%m-%d}" for day in days)
        files = sorted(str(file) for folder in folders for file in folder.rglob("*.parquet"))
        window = verdict.window
        weekday = reference.schema.window_class(window.start, window.end)
        where = "time >= $since and time < $until"
        if weekday.isdecimal() and weekday in reference.classes:
            where += f" and isodow(time) - 1 = {int(weekday)}"
        bounds = {"since": since, "until": until}
        return self._draw(files, where, bounds, reference, of="the reference's training time")

    def drifted(self, verdict: DriftDetected, reference: Reference) -> pd.DataFrame:
        """Return rows that the verdict is about."""
        files = [str(self._root / path) for path in verdict.lake]
        where = "reference = $id"
        return self._draw(
            files, where, {"id": reference.reference_id}, reference, of="the window of the verdict"
        )

    def _draw(
        self,
        files: list[str],
        where: str,
        bounds: Mapping[str, object],
        reference: Reference,
        *,
        of: str,
    ) -> pd.DataFrame:
        import duckdb  # noqa: PLC0415  # 60 MB that only the report's process pays

        if not files:
            raise NothingToSample(f"{of} has no rows in the lake")
        names = ", ".join(
            f'"{name.replace(chr(34), chr(34) * 2)}"' for name in reference.schema.names
        )
        query = (
            f"select {names} from (select * from read_parquet($files, union_by_name = true, "  # noqa: S608  # quoted names, bound values
            f"hive_partitioning = false) where {where}) "
            f"using sample reservoir({self._rows} rows) repeatable ({self._seed})"
        )
        with duckdb.connect(":memory:", config={"threads": 1}) as lake:  # repeatable in one thread
            lake.execute("set timezone = 'UTC'")
            found: pd.DataFrame = lake.execute(query, {"files": files, **bounds}).df()
        if found.empty:
            raise NothingToSample(f"{of} has no rows in the lake")
        return found
