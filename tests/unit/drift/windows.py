"""Windows of the described model, drifted or broken as told, and a stream of them, judged."""

from dataclasses import dataclass

import numpy as np

from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.payload import Span
from evermodel.common.events.windows import ColumnQuality, ServedCounts, TransactionsWindowed
from evermodel.common.kernel.ids import ModelName
from evermodel.drift.domain.quality import failures_of
from evermodel.drift.domain.rows import Rows
from evermodel.drift.domain.standing import ModelState
from evermodel.drift.domain.tally import Tally
from evermodel.drift.handlers.judging import judge
from evermodel.drift.handlers.payloads import window_counters
from tests.unit.drift.bench import DAY, MONDAY, described, features, referenced

REFERENCE, MODEL = referenced(), described()


def window(
    number: int, *, rows: int = 1000, shift: float = 0.0, alerts: int = 20, nulls: int = 0
) -> TransactionsWindowed:
    columns = features(number, rows=rows, shift=shift)
    amounts = np.array(columns["amount"], dtype=np.float64)
    amounts[:nulls] = np.nan
    counted = Rows(
        offsets=np.arange(rows),
        times=np.zeros(rows, dtype=np.int64),
        ids=["x"] * rows,
        entities=["x"] * rows,
        features={**columns, "amount": amounts, "night": np.array(columns["night"], dtype=float)},
        scores={},
        alerts={},
        failed=[()] * rows,
        decided_by=[1] * rows,
        decisions=["pass"] * rows,
        propensities=[1.0] * rows,
        references=[REFERENCE.reference_id] * rows,
    )
    tally = Tally.of(
        counted, references={REFERENCE.reference_id: REFERENCE}, limits={}, chunks=frozenset()
    )
    counters = window_counters(tally, {REFERENCE.reference_id: REFERENCE}).model_copy(
        update={
            "served": (
                ServedCounts(
                    decided_by=1,
                    version=1,
                    rows=rows,
                    failed=0,
                    alerts=alerts,
                    histogram=(rows, *[0] * 19),
                ),
            ),
            "quality": {"amount": ColumnQuality(rows=rows, nulls=nulls)},
        }
    )
    start = MONDAY + number * DAY
    span = Span(start=start, end=start + DAY)
    found = failures_of(counters, MODEL, reference=REFERENCE, window_class=str(start.weekday()))
    return TransactionsWindowed(
        model=ModelName("fraud"),
        window=span,
        counters=counters,
        failures=found,
        quality="fail" if found else "pass" if rows >= MODEL.windows.min_rows else "insufficient",
    )


@dataclass
class Stream:
    state: ModelState

    def add(self, given: TransactionsWindowed) -> list[tuple[str, str]]:
        self.state, emits = judge(self.state, MODEL, given, REFERENCE)
        found = [e.payload for e in emits if isinstance(e.payload, DriftDetected)]
        return [(verdict.cause, verdict.severity) for verdict in found]


def under(reference: str | None, given: TransactionsWindowed) -> TransactionsWindowed:
    """Return the window with all rows under `reference`."""
    (counts,) = given.counters.references
    other = counts.model_copy(update={"reference_id": reference})
    counters = given.counters.model_copy(update={"references": (other,)})
    lake = (f"day-{given.window.start}",)
    update = {"counters": counters, "quality": "pass", "failures": (), "lake": lake}
    return given.model_copy(update=update)
