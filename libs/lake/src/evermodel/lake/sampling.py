"""A few rows of many, for people to look at: the same ones for the same seed and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evermodel.lake.columns import REFERENCE, TIME, feature_column
from evermodel.lake.sql import connected, quoted, table_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows may be drawn: a condition, and the values bound in it."""

    condition: str
    bounds: Mapping[str, object]


def within(since: datetime, until: datetime, *, weekday: int | None) -> Wanted:
    """Want rows of ``since <= time < until``, of one weekday (Monday is 0) or of all."""
    condition = f"{TIME} >= $since and {TIME} < $until"
    if weekday is not None:
        condition += f" and isodow({TIME}) - 1 = {weekday:d}"
    return Wanted(condition, {"since": since, "until": until})


def counted_under(reference_id: str) -> Wanted:
    """Want rows that were counted under one reference."""
    return Wanted(f"{REFERENCE} = $id", {"id": reference_id})


def sample(
    files: Sequence[Path], wanted: Wanted, *, features: Sequence[str], rows: int, seed: int
) -> "pd.DataFrame":
    """Return at most `rows` of the wanted rows, a column for each feature, by its own name.

    Raises:
        Transient: the lake does not answer.
        Permanent: a file of it is broken; the message says which.
    """
    names = ", ".join(f"{quoted(feature_column(name))} as {quoted(name)}" for name in features)
    query = (  # names and paths are quoted, values bound
        f"select {names} from (select * from {table_of(files)} where {wanted.condition}) "  # noqa: S608
        f"using sample reservoir({rows:d} rows) repeatable ({seed:d})"
    )
    with connected(files, threads=1) as lake:  # repeatable in one thread only
        return lake.execute(query, dict(wanted.bounds)).df()
