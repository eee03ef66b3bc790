"""Scored payments from their bytes to a window's counters: ours beside polars.

Both start from the same JSON and end with the same counts per bin and level of 15 features.
"""

from io import BytesIO

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figures import Figure, Figures
from benchmarks.streams import CONTINUOUS, FLAGS, SCHEMA, START, Rows, rows_of, window_of
from benchmarks.timing import turn_about
from evermodel.common.events.hot import ScoredRow, decode_scored, encode_scored
from evermodel.profile.building import build_reference
from evermodel.profile.layout import Edges
from evermodel.profile.reference import Reference

BATCH = 1_000


def measure(*, quick: bool) -> Figures:
    """Return rows per second on one core."""
    rows = 20_000 if quick else 100_000
    rng = np.random.default_rng(7)
    days = [window_of(rows_of(rng, rows=2_000), day=n) for n in range(14)]
    reference = build_reference(days, schema=SCHEMA, min_rows=100)
    values = encoded(rows_of(rng, rows=rows))
    seconds = turn_about(
        {"ours": lambda: ours(values, reference), "polars": lambda: by_polars(values, reference)}
    )
    return {
        "rows_per_second": Figure(rows / seconds["ours"], "rows/s"),
        "rows_per_second_polars": Figure(
            rows / seconds["polars"], "rows/s", "polars", seconds["polars"] / seconds["ours"]
        ),
    }


def encoded(columns: Rows) -> list[bytes]:
    """Return the rows as ``transactions.scored`` carries them."""
    plain = {name: values.tolist() for name, values in columns.items()}
    return [
        encode_scored(
            ScoredRow(
                model="fraud",
                id=str(row),
                entity=str(row % 997),
                time=START,
                features={name: values[row] for name, values in plain.items()},
                scores={"1": 0.25, "2": 0.5},
                alerts={"1": False, "2": True},
                decided_by=1,
                decision="pass",
            )
        )
        for row in range(len(plain[CONTINUOUS[0]]))
    ]


def ours(values: list[bytes], reference: Reference) -> npt.NDArray[np.int64]:
    """Count as the windower does: batch by batch, into counters that add."""
    total = reference.empty()
    for start in range(0, len(values), BATCH):
        features = [decode_scored(value).features for value in values[start : start + BATCH]]
        total += reference.count({n: [row[n] for row in features] for n in SCHEMA.names})
    return np.asarray(total.counts, dtype=np.int64)


def by_polars(values: list[bytes], reference: Reference) -> list[pl.DataFrame]:
    """Count with one vectorised pass over the whole window, polars' best case."""
    frame = pl.read_ndjson(BytesIO(b"\n".join(values))).unnest("features")
    counts = [
        frame[part.feature].cut([float(edge) for edge in part.edges]).value_counts()
        for part in reference.layout.parts
        if isinstance(part, Edges)
    ]
    return counts + [frame[name].value_counts() for name in FLAGS]
