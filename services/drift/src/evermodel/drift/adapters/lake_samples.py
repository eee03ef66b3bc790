"""Equal samples of the two windows that a verdict compares, drawn from the lake.

The window: the rows that were counted under the verdict's reference. The reference: the rows of
its training time; where features had drifted before, those since then, which alone are normal for
them; else of the same weekday, where the rule compared with that weekday alone. Rows of
windows that failed quality are among them: the reference does not say which those were.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evermodel.common.events.drift import DriftDetected
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.lake.files import files_of_days
from evermodel.lake.layout import scored_root
from evermodel.lake.sampling import Wanted, counted_under, sample, within
from evermodel.profile.reference import Reference


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
        since = max(reference.since.values(), default=reference.trained_from)
        until = reference.trained_until
        folder = self._root / scored_root(verdict.model)
        files = files_of_days(folder, since=since, until=until)
        window = verdict.window
        weekday = reference.schema.window_class(window.start, window.end)
        alike = not reference.since and weekday.isdecimal() and weekday in reference.classes
        wanted = within(since, until, weekday=int(weekday) if alike else None)
        return self._draw(files, wanted, reference, of="the reference's training time")

    def drifted(self, verdict: DriftDetected, reference: Reference) -> pd.DataFrame:
        """Return rows that the verdict is about."""
        files = [self._root / path for path in verdict.lake]
        wanted = counted_under(reference.reference_id)
        return self._draw(files, wanted, reference, of="the window of the verdict")

    def _draw(
        self, files: Sequence[Path], wanted: Wanted, reference: Reference, *, of: str
    ) -> pd.DataFrame:
        names, rows, seed = reference.schema.names, self._rows, self._seed
        found = sample(files, wanted, features=names, rows=rows, seed=seed) if files else None
        if found is None or found.empty:
            raise NothingToSample(f"{of} has no rows in the lake")
        return found
