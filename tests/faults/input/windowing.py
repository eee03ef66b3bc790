"""The drift service over the in-memory broker, fed with whatever an upstream may write."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evermodel.common.events.envelope import Event
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.traffic import Watermark
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.deadletter import DeadLetter
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.harness import Harness
from evermodel.drift.adapters.duckdb_outcomes import DuckdbOutcomes
from evermodel.drift.adapters.msgpack_tallies import MsgpackTallies
from evermodel.drift.adapters.parquet_lake import ParquetLake
from evermodel.drift.wiring import assemble_detector, assemble_outcomes, assemble_windower
from tests.unit.drift.bench import DAY, MONDAY, FakeLake, FakeReferences, described

#: What an upstream that serves by itself writes of a payment on the first Monday.
ROW: Mapping[str, Any] = {
    "model": "fraud",
    "id": "wild",
    "entity": "card",
    "time": "2018-06-04T10:00:00Z",
    "features": {"amount": 10.0, "shop": "a", "night": 0},
    "scores": {"1": 0.25},
    "alerts": {"1": False},
    "decided_by": 1,
    "decision": "pass",
}
LABEL: Mapping[str, Any] = {
    "model": "fraud",
    "id": "a",
    "label": 1,
    "known_at": "2018-06-04T10:00:00Z",
}
Headers = tuple[tuple[str, bytes], ...]


class Windowing:
    """A windower and a detector, with a lake in memory; with a folder for it, outcomes too."""

    def __init__(
        self, *, partitions: int = 1, idle_seconds: float = 0.0, folder: Path | None = None
    ) -> None:
        self.harness = Harness(partitions=partitions)
        self.harness.clock = SimulatedClock(MONDAY + 4 * DAY)
        self.lake, self.folder = FakeLake(), folder
        self.partitions, self.idle_seconds = partitions, idle_seconds
        self.start()

    def start(self) -> None:
        """Begin a life: whoever ran before is fenced, and what it kept is restored."""
        models = {"fraud": described()}
        windower = assemble_windower(
            models=models,
            references=FakeReferences(),
            lake=self.lake if self.folder is None else ParquetLake(self.folder),
            codec=MsgpackTallies(),
            partitions=lambda _topic: self.partitions,
            clock=self.harness.clock,
        )
        detector = assemble_detector(
            models=models,
            references=FakeReferences(),
            clock=self.harness.clock,
            idle_seconds=self.idle_seconds,
        )
        self.harness.add(windower)
        self.harness.add(detector, ticks=self.idle_seconds > 0)
        if self.folder is not None:
            lake = DuckdbOutcomes(self.folder)
            self.harness.add(assemble_outcomes(models=models, lake=lake))

    def put(
        self,
        value: bytes | Mapping[str, Any] | None,
        *,
        topic: str = "transactions.scored",
        partition: int = 0,
        key: bytes | None = b"card",
        headers: Headers = (),
    ) -> None:
        """Publish one record and let everything become quiet."""
        raw = value if isinstance(value, bytes | None) else json.dumps(value).encode()
        record = Outgoing(topic=topic, key=key, value=raw, headers=headers, partition=partition)
        self.harness.publish_records([record])
        self.harness.run()

    def row(self, time: str, *, id: str = "a", partition: int = 0, **fields: Any) -> None:  # noqa: A002  # its name
        """Publish a payment of `time`."""
        self.put({**ROW, "time": time, "id": id, **fields}, partition=partition)

    def label(self, known_at: str, *, id: str = "a", partition: int = 0, **fields: Any) -> None:  # noqa: A002  # its name
        """Publish a label."""
        value = {**LABEL, "known_at": known_at, "id": id, **fields}
        self.put(value, topic="labels", partition=partition)

    def mark(self, time: str, *, topic: str = "transactions.scored", partition: int = 0) -> None:
        """Publish a watermark."""
        headers = (("ce_type", Watermark.TYPE.encode()),)
        self.put(
            {"model": "fraud", "time": time}, topic=topic, partition=partition, headers=headers
        )

    def until(self, time: str) -> None:
        """Let every partition of both streams be past `time`."""
        for partition in range(self.partitions):
            self.mark(time, partition=partition)
            self.mark(time, topic="labels", partition=partition)

    def counted(self) -> dict[str, int]:
        """Return how many rows each closed window holds, by its day; empty ones left out."""
        windows = [event.payload for event in self.harness.events(TransactionsWindowed)]
        return {f"{w.window.start:%Y-%m-%d}": w.counters.rows for w in windows if w.counters.rows}

    def late(self) -> int:
        """Return how many rows were counted as late."""
        return sum(e.payload.late_rows for e in self.harness.events(TransactionsWindowed))

    def matured(self, day: str) -> OutcomesMatured:
        """Return what became of the payments of `day`, three days later."""
        cohorts = {f"{e.payload.cohort.start:%Y-%m-%d}": e.payload for e in self._matured()}
        return cohorts[day]

    def _matured(self) -> list[Event[OutcomesMatured]]:
        return self.harness.events(OutcomesMatured)

    def letters(self) -> list[DeadLetter]:
        """Return what was given up."""
        return self.harness.dead_letters("drift")
