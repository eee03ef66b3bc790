"""One partition in memory: records, transaction markers, and what a reader may see of them."""

from itertools import islice

from evermodel.common.messaging.records import Outgoing, Record


class Transaction:
    """An open transaction: where it began in each log, and what it put there."""

    def __init__(self) -> None:
        self.touched: dict[Log, list[int]] = {}

    def end(self, *, committed: bool) -> None:
        """Show or hide what it wrote, and write its marker."""
        for log, offsets in self.touched.items():
            log.end_transaction(self, offsets, committed=committed)


class Log:
    """One partition. `start` is the oldest offset kept, `end` the next one to be given."""

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.start = 0
        self._slots: list[Record | None] = []
        self._open: dict[Transaction, int] = {}

    @property
    def end(self) -> int:
        """The offset that the next record gets."""
        return self.start + len(self._slots)

    @property
    def stable_end(self) -> int:
        """No offset from here on may be read yet."""
        return min(self._open.values(), default=self.end)

    def append(
        self, record: Outgoing, *, timestamp_ms: int, transaction: Transaction | None
    ) -> None:
        """Put `record` at the end, hidden until `transaction` ends."""
        offset = self.end
        if transaction is not None:
            self._open.setdefault(transaction, offset)
            transaction.touched.setdefault(self, []).append(offset)
        self._slots.append(
            Record(
                topic=self.topic,
                partition=self.partition,
                offset=offset,
                key=record.key,
                value=record.value,
                headers=record.headers,
                timestamp_ms=timestamp_ms,
            )
        )

    def end_transaction(
        self, transaction: Transaction, offsets: list[int], *, committed: bool
    ) -> None:
        """Show or drop the records at `offsets`; the marker takes an offset, as in Kafka."""
        if not committed:
            for offset in offsets:
                self._slots[offset - self.start] = None
        del self._open[transaction]
        self._slots.append(None)

    def visible(self, start: int, *, limit: int | None) -> tuple[list[Record], int]:
        """Return up to `limit` records from `start` on, and the offset to go on from."""
        first = max(start, self.start)
        stop = self.stable_end
        found: list[Record] = []
        offset = first
        for slot in islice(self._slots, first - self.start, max(stop - self.start, 0)):
            if limit is not None and len(found) >= limit:
                return found, offset
            offset += 1
            if slot is not None:
                found.append(slot)
        return found, offset

    def trim(self, before: int) -> None:
        """Forget what lies before offset `before`."""
        keep = min(before, self.stable_end)
        if keep > self.start:
            del self._slots[: keep - self.start]
            self.start = keep
