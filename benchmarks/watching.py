"""Publishing to a real broker and seeing what comes out, with times: a driver's eyes and hands."""

import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evermodel.common.events.catalogue import CATALOGUE, LIFECYCLE_COMMANDS, Topic
from evermodel.common.events.codec import encode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.messaging.ports import Reader
from evermodel.common.messaging.reading import partitions_of, read_rest
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.embedded.broker import kafka

EVENT_TIME = datetime(2018, 6, 12, tzinfo=UTC)
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Bed:
    """A real broker with its topics, and the environment its services start in."""

    broker: KafkaBroker
    folder: Path
    environment: Mapping[str, str]

    def eyes(self, *topics: str) -> "Eyes":
        """Return a look at `topics`, from now on."""
        return Eyes(self.broker, topics)


@contextmanager
def bed(*more: Topic) -> Iterator[Bed]:
    """Run a broker with the catalogue's topics and `more`."""
    with tempfile.TemporaryDirectory() as name, kafka(Path(name) / "kafka") as bootstrap:
        settings = KafkaSettings(bootstrap_servers=bootstrap)
        create_topics(settings, [*CATALOGUE, *more])
        broker = KafkaBroker(settings)
        inherited = dict(os.environ)  # noqa: TID251  # children start as this process did
        try:
            yield Bed(broker, Path(name), inherited | {"KAFKA_BOOTSTRAP_SERVERS": bootstrap})
        finally:
            broker.close()


class Eyes:
    """Sees committed records as they appear, with the moment they did."""

    def __init__(self, broker: KafkaBroker, topics: Sequence[str]) -> None:
        self._reader: Reader = broker.reader(partitions_of(broker, topics))
        self.seen: list[tuple[float, Record]] = []
        deque(read_rest(self._reader), maxlen=0)

    def until(self, found: Callable[[Record], bool]) -> tuple[float, Record]:
        """Return when a record was seen that `found` says yes to, and the record.

        Topics are not ordered among each other: what was seen while something else was waited
        for is looked at first.

        Raises:
            TimeoutError: none appeared within the driver's patience.
        """
        for moment, record in list(self.seen):
            if found(record):
                return self._claim(moment, record)
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            for record in self._reader.poll(limit=1, timeout_seconds=0.02):
                self.seen.append((time.perf_counter(), record))
                if found(record):
                    return self._claim(*self.seen[-1])
        raise TimeoutError(f"nothing of the kind within {PATIENCE_SECONDS} s")

    def look(self) -> Sequence[Record]:
        """Return what has come since, waiting a moment for the first; it is not kept."""
        return self._reader.poll(limit=500, timeout_seconds=0.02)

    def _claim(self, moment: float, record: Record) -> tuple[float, Record]:
        self.seen.remove((moment, record))
        return moment, record

    def close(self) -> None:
        """Stop looking."""
        self._reader.close()


def topic_is(topic: str) -> Callable[[Record], bool]:
    """Return whether a record is of `topic`, as a question."""
    return lambda record: record.topic == topic


def said(payload: Payload, *, topic: str, event_id: str, time: datetime = EVENT_TIME) -> Outgoing:
    """Return `payload` as the record of an event from outside."""
    meta = EventMeta(
        id=EventId(event_id),
        type=payload.TYPE,
        source="/benchmark",
        subject=payload.model,
        time=time,
    )
    value, headers = encode(payload, meta)
    return Outgoing(topic=topic, key=payload.model.encode(), value=value, headers=headers)


def command(number: int, *, topic: str = LIFECYCLE_COMMANDS.name) -> Outgoing:
    """Return the command that carries `number` through a chain of links."""
    order = LifecycleCommand(
        model=ModelName("fraud"), command="pause", who="benchmark", why=f"n{number}"
    )
    return said(order, topic=topic, event_id=f"n{number}")
