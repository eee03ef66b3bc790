"""Payments by the thousand, published at a rate, or as fast as a broker takes them.

Owns what is published: a payment's number is its id, counts up and is never used twice, so that
whoever reads on can say which are missing, doubled or out of order. Must never hold up the hand
that measures: a payment is a prepared text with its number, card and time put in.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle, islice

import confluent_kafka as ck
import numpy as np

from benchmarks.champion import columns_of
from benchmarks.timing import pause
from benchmarks.watching import EVENT_TIME
from evermodel.common.events.catalogue import TRANSACTIONS
from evermodel.common.models.description import ModelDescription
from evermodel.common.settings.kafka import KafkaSettings

#: Different payments; more would cost memory and show nothing else.
SHAPES = 2_000
CARDS = 5_000
#: A window is as long as its rows: that many payments are an hour of the stream.
ROWS_A_WINDOW = 100_000
WINDOW_SECONDS = 3_600
_SLICE_SECONDS = 0.02

Headers = list[tuple[str, str | bytes | None]]
_PRODUCER = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 5,
    "compression.type": "lz4",
    "batch.num.messages": 10_000,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 131_072,
}


class Flood:
    """The payments of `models`, in turn, on one cluster."""

    def __init__(
        self, kafka: KafkaSettings, models: Sequence[ModelDescription], *, partitions: int
    ) -> None:
        self._producer = ck.Producer({**kafka.client(), **_PRODUCER, "log_level": 0})
        self._partitions = partitions
        subjects: list[Headers] = [[("ce_subject", m.name.encode())] for m in models]
        self._subjects = cycle(subjects)
        self._shapes = cycle(_shapes(models[0]))
        self._failures: list[str] = []
        self.published = 0

    def at_once(self, rows: int) -> None:
        """Publish `rows` payments as fast as the broker takes them."""
        self._publish(rows)
        self.flush()

    def at_rate(self, rate: float, *, seconds: float) -> None:
        """Publish `rate` payments a second for `seconds`."""
        began, already = time.perf_counter(), self.published
        while (now := time.perf_counter() - began) < seconds:
            self._publish(int(rate * now) - (self.published - already))
            pause(_SLICE_SECONDS)
        self.flush()

    def flush(self) -> None:
        """Return once the broker has everything.

        Raises:
            RuntimeError: it has not taken something, so that nothing can be said of losses.
        """
        if self._producer.flush(60) or self._failures:
            raise RuntimeError(f"payments were not taken: {self._failures[:1] or 'no answer'}")

    def _publish(self, rows: int) -> None:
        for number in range(self.published, self.published + max(rows, 0)):
            card = number * 7 % CARDS
            value = _value(number, card, next(self._shapes))
            self._send(value, key=b"%d" % card, partition=card % self._partitions)
            self.published += 1

    def _send(self, value: bytes, *, key: bytes, partition: int) -> None:
        while True:
            try:
                self._producer.produce(
                    TRANSACTIONS.name,
                    value,
                    key,
                    partition,
                    headers=next(self._subjects),
                    on_delivery=self._delivered,
                )
            except BufferError:  # the broker takes no more: that is its rate
                self._producer.poll(0.05)
            else:
                self._producer.poll(0)
                return

    def _delivered(self, error: ck.KafkaError | None, _message: object) -> None:
        if error is not None:
            self._failures.append(error.str())


def _value(number: int, card: int, shape: bytes) -> bytes:
    """Return payment `number`: its time moves by whole seconds, as many rows share one."""
    second = number * WINDOW_SECONDS // ROWS_A_WINDOW
    return b'{"ID":%d,"CARD":%d,"TIME":"%s",%s' % (number, card, _moment(second), shape)


def _moment(second: int, _known: dict[int, bytes] = {}) -> bytes:  # noqa: B006  # one entry: the last
    found = _known.get(second)
    if found is None:
        _known.clear()
        found = _known[second] = (EVENT_TIME + timedelta(seconds=second)).isoformat().encode()
    return found


def _shapes(model: ModelDescription) -> list[bytes]:
    """Return the rest of some payments: their features, and the closing brace."""
    columns = columns_of(model, np.random.default_rng(11), rows=SHAPES)
    names = model.features.names
    rows = zip(*(columns[name].astype(np.float64).round(2).tolist() for name in names), strict=True)
    texts = (",".join(f'"{n}":{v}' for n, v in zip(names, row, strict=True)) for row in rows)
    return [text.encode() + b"}" for text in islice(texts, SHAPES)]
