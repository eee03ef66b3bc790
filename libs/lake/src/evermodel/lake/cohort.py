"""The join everybody shares: rows of a span of time, with their labels as known at one time.

::

    start                     end               known_before = T
      |-------- rows ----------|                       |
      |------------ labels that became known ----------|

A label counts when it became known *before* T. Not at T: what the windower promises when a
window closes at T is that everything before T is in the lake, so a label known at T itself
would be there or not depending on who came first, and the same plan would give other rows.

One row per transaction id: the earliest, and of equals the one with the smallest values, null
last. The latest known label wins; of two known at once, the larger: fraud. Files that came
with later versions have columns that earlier ones lack; those rows have null there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evermodel.lake.columns import ID, KNOWN_AT, LABEL, TIME, UNLABELLED
from evermodel.lake.files import files_of_days
from evermodel.lake.layout import labels_root, scored_root
from evermodel.lake.sql import connected, quoted, table_of

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Cohort:
    """Rows and labels that were found and not yet read. `columns`: what the rows' files hold."""

    columns: tuple[str, ...]
    _lake: "duckdb.DuckDBPyConnection | None"
    _scored: str
    _labels: str
    _bounds: Mapping[str, datetime]

    def read(self, columns: Sequence[str]) -> tuple[npt.NDArray[np.int8], dict[str, Any]]:
        """Return labels (1, 0 or ``UNLABELLED``) and these columns, in order of time and id.

        Columns are numpy arrays, masked where null; times are ``datetime64[us]`` in UTC.
        """
        if self._lake is None:
            return np.empty(0, np.int8), {name: np.ma.masked_array([]) for name in columns}
        found = self._lake.execute(self._query(columns), dict(self._bounds)).fetchnumpy()
        labels = np.ma.filled(np.ma.asarray(found["y"]), UNLABELLED).astype(np.int8)
        return labels, {name: found[f"c{i}"] for i, name in enumerate(columns)}

    def _query(self, columns: Sequence[str]) -> str:
        chosen = "".join(f", {quoted(name)} as c{i}" for i, name in enumerate(columns))
        order = "".join(f", c{i}" for i in range(len(columns)))
        return (  # paths and names are quoted, values are bound
            f"with rows as (select {ID} as i, {TIME} as t{chosen} from {self._scored} "  # noqa: S608
            "where t >= $start and t < $end "
            f"qualify row_number() over (partition by i order by t{order}) = 1), "
            f"known as (select {ID} as i, last({LABEL} order by {KNOWN_AT}, {LABEL}) as y "
            f"from {self._labels} where {KNOWN_AT} < $known group by i) "
            f"select rows.*, known.y from rows left join known using (i) order by t, i"
        )


@contextmanager
def open_cohort(
    root: Path,
    model: str,
    *,
    start: datetime,
    end: datetime,
    known_before: datetime,
    window: timedelta,
    threads: int,
) -> Iterator[Cohort]:
    """Yield the rows of ``start <= time < end`` with the labels known before `known_before`.

    `window`: how long before `start` the window of a row may have begun; nothing when `start`
    is where a window starts. A label known on a day before `start` is nobody's.

    Raises:
        Transient: the lake does not answer.
        Permanent: a file of it is broken; the message says which.
    """
    scored = files_of_days(root / scored_root(model), since=start - window, until=end)
    labels = files_of_days(root / labels_root(model), since=start, until=known_before)
    if not scored:
        yield Cohort((), None, "", "", {})
        return
    with connected([*scored, *labels], threads=threads) as lake:
        rows = table_of(scored)
        described = lake.execute(f"describe select * from {rows}").fetchall()  # noqa: S608  # quoted
        yield Cohort(
            columns=tuple(column[0] for column in described),
            _lake=lake,
            _scored=rows,
            _labels=table_of(labels) if labels else _NO_LABELS,
            _bounds={"start": start, "end": end, "known": known_before},
        )


_NO_LABELS = (
    f"(select null::varchar as {ID}, null::tinyint as {LABEL}, "
    f"null::timestamptz as {KNOWN_AT} where false)"
)
