"""What came out of a flood: every payment once, those of a card in their order, counted and kept.

Owns the reading of ``transactions.scored``, of the windows and of the lake's row counts. Must
believe no service: all of it is read from outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import confluent_kafka as ck
import msgspec
import numpy as np
import pyarrow.parquet as pq

from benchmarks.figures import Figure, Figures
from evermodel.common.events.catalogue import (
    DEAD_LETTERS,
    TRANSACTIONS_SCORED,
    TRANSACTIONS_WINDOWED,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_records import is_end
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.lake.files import every_file
from evermodel.lake.layout import scored_root

_BATCH = 5_000
_SILENT_SECONDS = 5.0


class _Row(msgspec.Struct):
    id: str
    entity: str
    decided_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Payments scored never, more than once, after a later one of their card, by no version."""

    published: int
    missing: int
    doubled: int
    disordered: int
    unscored: int

    def figures(self) -> Figures:
        """Return them, each of which should be nought."""
        of = f"of {self.published:,} payments"
        return {
            "payments_missing": Figure(self.missing, of),
            "payments_doubled": Figure(self.doubled, of),
            "payments_out_of_order_within_a_card": Figure(self.disordered, of),
            "payments_that_no_version_scored": Figure(self.unscored, of),
        }


def arrivals(kafka: KafkaSettings, *, published: int, partitions: int) -> Arrivals:
    """Read ``transactions.scored`` whole and hold it against payments 0 to `published`."""
    times = np.zeros(published, dtype=np.uint8)
    last: dict[str, int] = {}
    disordered = unscored = 0
    decode_row = msgspec.json.Decoder(_Row).decode
    for message in _scored(kafka, partitions=partitions):
        row = decode_row(message.value() or b"")
        number = int(row.id)
        times[number] += times[number] < 255
        disordered += number < last.get(row.entity, -1)
        last[row.entity] = max(number, last.get(row.entity, -1))
        unscored += row.decided_by is None
    return Arrivals(
        published=published,
        missing=int((times == 0).sum()),
        doubled=int((times > 1).sum()),
        disordered=disordered,
        unscored=unscored,
    )


def _scored(kafka: KafkaSettings, *, partitions: int) -> Iterator[ck.Message]:
    """Yield every scored payment that is committed now; watermarks are left out."""
    consumer = ck.Consumer(
        {
            **kafka.client(),
            "group.id": "evermodel-reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    name = TRANSACTIONS_SCORED.name
    consumer.assign([ck.TopicPartition(name, n, ck.OFFSET_BEGINNING) for n in range(partitions)])
    ended: set[int] = set()
    try:
        while len(ended) < partitions:
            for message in consumer.consume(_BATCH, _SILENT_SECONDS):
                if message.error() is None:
                    if b'"entity"' in (message.value() or b""):
                        yield message
                elif is_end(message):
                    ended.add(message.partition() or 0)
    finally:
        consumer.close()


def windows_of(broker: KafkaBroker) -> list[TransactionsWindowed]:
    """Return every window that was closed, of all models."""
    records = read_whole(broker, partitions_of(broker, [TRANSACTIONS_WINDOWED.name]))
    events = (decode(TransactionsWindowed, value=r.value, headers=r.headers) for r in records)
    return [event.payload for event in events]


def counted(broker: KafkaBroker) -> tuple[int, int]:
    """Return how many rows the closed windows counted, and how many came late."""
    windows = windows_of(broker)
    return sum(w.counters.rows for w in windows), sum(w.late_rows for w in windows)


def kept(lake: Path, model: str) -> int:
    """Return how many rows of `model` lie in the lake, by what the files say of themselves."""
    files = every_file(lake / scored_root(model))
    return sum(pq.read_metadata(file).num_rows for file in files)


def given_up(broker: KafkaBroker, *, subject: str) -> int:
    """Return how many records were given up, but for those that spoke of the model `subject`."""
    letters = read_whole(broker, partitions_of(broker, [topic.name for topic in DEAD_LETTERS]))
    return sum(decode_dead_letter(letter.value).key != subject.encode() for letter in letters)
