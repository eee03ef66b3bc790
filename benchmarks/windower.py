"""Scored payments from their bytes to a window's counters, and through the whole handler.

Counted: decoded and counted against a reference, as polars does it: both start from the same
JSON and end with the same counts per bin and level of 15 features. Whole: the windower's own
handler with a real lake, so with it the checks, the served counts, the changelog after each
batch, and every row in a Parquet file.
"""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figures import Figure, Figures
from benchmarks.streams import CONTINUOUS, FLAGS, SCHEMA, START, Rows, rows_of, window_of
from benchmarks.timing import turn_about
from evermodel.common.events.catalogue import TRANSACTIONS_SCORED
from evermodel.common.events.hot import ScoredRow, decode_scored, encode_scored
from evermodel.common.messaging.records import Record
from evermodel.common.models.description import ModelDescription
from evermodel.drift.adapters.lake_references import LakeReferences
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.wiring import assemble_windower
from evermodel.lake.layout import reference_folder
from evermodel.profile.building import build_reference
from evermodel.profile.layout import Edges
from evermodel.profile.reference import Reference

BATCH = 1_000
DAYS = 10
MODEL = ModelDescription.model_validate(
    {
        "model": {"name": "fraud"},
        "stream": {"time": "TIME", "label": "FRAUD"},
        "features": {"continuous": CONTINUOUS, "flag": FLAGS},
    }
)


def measure(*, quick: bool) -> Figures:
    """Return rows per second on one core."""
    rows = 20_000 if quick else 100_000
    rng = np.random.default_rng(7)
    days = [window_of(rows_of(rng, rows=2_000), day=n) for n in range(14)]
    reference = build_reference(days, schema=SCHEMA, min_rows=100)
    values = encoded(rows_of(rng, rows=rows), reference_id=reference.reference_id)
    with tempfile.TemporaryDirectory() as folder:
        seconds = turn_about(
            {
                "counted": lambda: counted(values, reference),
                "whole": through(values, reference, Path(folder)),
                "polars": lambda: by_polars(values, reference),
            }
        )
    return {
        "rows_per_second_counted": Figure(rows / seconds["counted"], "rows/s, decode and count"),
        "rows_per_second_counted_polars": Figure(
            rows / seconds["polars"],
            "rows/s, decode and count",
            "polars",
            seconds["polars"] / seconds["counted"],
        ),
        "rows_per_second": Figure(
            rows / seconds["whole"], "rows/s, the whole handler with changelog and lake"
        ),
    }


def encoded(columns: Rows, *, reference_id: str) -> list[bytes]:
    """Return the rows as ``transactions.scored`` carries them, spread over the days."""
    plain = {name: values.tolist() for name, values in columns.items()}
    rows = len(plain[CONTINUOUS[0]])
    return [
        encode_scored(
            ScoredRow(
                model="fraud",
                id=str(row),
                entity=str(row % 997),
                time=START + timedelta(days=DAYS) * (row / rows),
                features={name: values[row] for name, values in plain.items()},
                scores={"1": 0.25, "2": 0.5},
                alerts={"1": False, "2": True},
                decided_by=1,
                decision="pass",
                reference=reference_id,
            )
        )
        for row in range(rows)
    ]


def counted(values: list[bytes], reference: Reference) -> npt.NDArray[np.int64]:
    """Count as the windower does: batch by batch, into counters that add."""
    total = reference.empty()
    for start in range(0, len(values), BATCH):
        features = [decode_scored(value).features for value in values[start : start + BATCH]]
        total += reference.count({n: [row[n] for row in features] for n in SCHEMA.names})
    return np.asarray(total.counts, dtype=np.int64)


def through(values: list[bytes], reference: Reference, folder: Path) -> Callable[[], int]:
    """Return a call that hands a new windower everything; it returns what the changelog got."""
    records = [
        Record(
            topic=TRANSACTIONS_SCORED.name,
            partition=0,
            offset=offset,
            key=None,
            value=value,
            headers=(("ce_subject", b"fraud"),),
        )
        for offset, value in enumerate(values)
    ]
    numbers = count()

    def run() -> int:
        lake = folder / f"lake-{next(numbers)}"
        reference.save(lake / reference_folder("fraud", reference.reference_id))
        spec = assemble_windower(
            models={"fraud": MODEL},
            references=LakeReferences(lake),
            lake=ParquetLake(lake),
            codec=MsgpackTallies(),
            partitions=lambda _: 1,
        )
        handler, kept = spec.batches[0].handler, 0
        for start in range(0, len(records), BATCH):
            reaction = handler(records[start : start + BATCH])
            kept += sum(len(value or b"") for value in reaction.state.values())
        return kept

    return run


def by_polars(values: list[bytes], reference: Reference) -> list[pl.DataFrame]:
    """Count with one vectorised pass over the whole window, polars' best case."""
    frame = pl.read_ndjson(BytesIO(b"\n".join(values))).unnest("features")
    counts = [
        frame[part.feature].bin_intervals(part.edges.tolist(), labels=False).value_counts()
        for part in reference.layout.parts
        if isinstance(part, Edges)
    ]
    return counts + [frame[name].value_counts() for name in FLAGS]
