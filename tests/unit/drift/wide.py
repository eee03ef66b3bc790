"""A model of so many features: its description, its reference, what a partition counts of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evermodel.common.events.payload import Span
from evermodel.common.events.windows import TransactionsPartial, WindowCounters
from evermodel.common.models.description import ModelDescription
from evermodel.drift.domain.tally import ColumnTally, Tally
from evermodel.drift.handlers.payloads import window_counters
from evermodel.profile.building import build_reference
from evermodel.profile.reference import Reference
from evermodel.profile.schema import Schema
from evermodel.profile.units import WindowRows
from tests.unit.drift.bench import DAY, MONDAY
from tests.unit.drift.detecting import NAME

PARTITIONS, ROWS = 4, 10_000


@dataclass(frozen=True)
class Wide:
    """Everything about one model of so many `features`, all of them amounts."""

    features: int

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f"amount_{n:04d}" for n in range(self.features))

    @property
    def model(self) -> ModelDescription:
        return ModelDescription.model_validate(
            {
                "model": {"name": NAME},
                "stream": {"time": "t", "label": "y"},
                "features": {"continuous": self.names},
                "windows": {"min_rows": 500, "season": "none"},
            }
        )

    def columns(self, rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
        return {name: rng.lognormal(0, 1, rows).astype(np.float32) for name in self.names}

    @cached_property
    def reference(self) -> Reference:
        rng = np.random.default_rng(5)
        windows = [
            WindowRows(
                start=MONDAY + (n - 8) * DAY,
                end=MONDAY + (n - 7) * DAY,
                columns=self.columns(rng, 1_000),
                alerts=20 + (-1) ** n,
            )
            for n in range(8)
        ]
        schema = Schema(continuous=self.names, season="none")
        return build_reference(windows, schema=schema, min_rows=500)

    @cached_property
    def counters(self) -> WindowCounters:
        """What one partition counts of a window."""
        name = self.reference.reference_id
        counted = self.reference.count(self.columns(np.random.default_rng(6), ROWS))
        tally = Tally(
            rows=ROWS,
            references={name: ROWS},
            profiles={name: counted},
            quality={feature: ColumnTally(ROWS, 0) for feature in self.names},
            decided={1: ROWS},
        )
        return window_counters(tally, {name: self.reference})

    def partial(self, day: int, partition: int) -> TransactionsPartial:
        start = MONDAY + day * DAY
        return TransactionsPartial(
            model=NAME,
            window=Span(start=start, end=start + DAY),
            stream="scored",
            partition=partition,
            partitions=PARTITIONS,
            watermark=start + DAY,
            counters=self.counters,
        )

    def labels(self, day: int) -> TransactionsPartial:
        """Return the word that all labels before `day` are known."""
        return self.partial(day, 0).model_copy(
            update={"stream": "labels", "partitions": 1, "counters": None}
        )
