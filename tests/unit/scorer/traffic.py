"""What is published to the scorer on the loop, and the rows that it scored."""

from typing import Any

import msgspec

from evermodel.common.events.traffic import ScoredTransaction
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.harness import Harness
from tests.unit.scorer.bench import record


def outgoing(
    value: Any, *, partition: int, kind: str | None = None, subject: str = "fraud"
) -> Outgoing:
    made = record(value, partition=partition, kind=kind, subject=subject)
    headers = tuple((name, text) for name, text in made.headers if text is not None)
    return Outgoing(
        topic=made.topic, key=made.key, value=made.value, headers=headers, partition=partition
    )


def scored(harness: Harness) -> list[dict[str, Any]]:
    rows = [
        msgspec.json.decode(r.value or b"")
        for r in harness.records("transactions.scored")
        if ("ce_type", ScoredTransaction.TYPE.encode()) in r.headers
    ]
    return sorted(rows, key=lambda row: int(row["id"]))
