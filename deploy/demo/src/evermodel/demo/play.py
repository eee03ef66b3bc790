"""Plays a table into a running stack over Kafka, window by window, each time to rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from evermodel.common.events.access import OPERATOR, UPSTREAM
from evermodel.common.events.catalogue import LABELS
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.demo import narration
from evermodel.demo.watching import watching
from evermodel.playback.feed import Feed, Window, first_order, in_order, watermarks

#: For the services that are played into. Every partition is told how far the stream is, so none
#: is ever given up as silent: how fast this machine is must decide nothing.
LOCKSTEP: Mapping[str, str] = {"EVERMODEL_IDLE_SECONDS": "0"}

#: A person who watches wants to know that it still plays.
_UNTOLD_SECONDS = 10.0

Say = Callable[[str], None]
#: How a principal (``common/events/access.py``) connects.
Connect = Callable[[str], KafkaSettings]


@dataclass(frozen=True, slots=True)
class Played:
    """What went in and what was said: enough for the outputs of a run. Numbers are by model."""

    published: Mapping[str, int]
    records: list[Record]
    training_seconds: Mapping[str, float]


class Teller:
    """Says what happens in words, and how far the play is when nothing happens for long."""

    def __init__(self, say: Say, *, clock: Clock, rows: int) -> None:
        self._say, self._clock, self._rows = say, clock, rows
        self._last = clock.monotonic()

    def on_records(self, records: Sequence[Record]) -> None:
        """Say what `records` tell."""
        for line in narration.lines(records):
            self._tell(line)

    def on_window(self, end: datetime, *, published: int) -> None:
        """Say how far the play is, if nothing was said for a while."""
        if self._clock.monotonic() - self._last > _UNTOLD_SECONDS:
            self._tell(f"{end:%Y-%m-%d}  PLAYED    {published:,} of {self._rows:,} payments")

    def _tell(self, line: str) -> None:
        self._say(line)
        self._last = self._clock.monotonic()


def play(
    feeds: Sequence[Feed],
    *,
    kafka: Connect,
    clock: Clock,
    bootstrap_until: datetime | None,
    say: Say,
    scorers: int = 1,
    meanwhile: Callable[[datetime], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> Played:
    """Play every window of `feeds`, one a model; a first model is trained when its history is in.

    Windows that end at the same time are on their way together. `kafka`: how each principal
    connects. `scorers`: how many replicas score. `meanwhile`: called with the end of the windows
    that are on their way. `check`: called at every look; raises when the services are kept running
    no more.

    Raises:
        NotQuiet: the services do not come to rest.
        BrokerUnavailable: Kafka does not answer.
    """
    published: dict[str, int] = {feed.model.name: 0 for feed in feeds}
    upstream, operator = KafkaBroker(kafka(UPSTREAM)), KafkaBroker(kafka(OPERATOR))
    teller = Teller(say, clock=clock, rows=sum(feed.rows for feed in feeds))

    def tell(records: Sequence[Record]) -> None:
        check()
        teller.on_records(records)

    try:
        with watching(kafka(OPERATOR), clock=clock, scorers=scorers) as watcher:
            for end, ending in in_order(feeds):
                for feed, window in ending:
                    upstream.publish(_records(upstream, feed, window))
                    published[feed.model.name] += len(window.transactions)
                meanwhile(end)
                models = [feed.model for feed, _ in ending]
                watcher.settle(models, until=end, tell=tell)
                orders = [
                    first_order(feed.model.name, end)
                    for feed, _ in ending
                    if end == feed.bootstrap_end(bootstrap_until)
                ]
                if orders:
                    operator.publish(emissions(orders, cause=None, source="/evermodel/demo"))
                    watcher.settle(models, until=end, tell=tell)
                teller.on_window(end, published=sum(published.values()))
            return Played(published, watcher.records, watcher.training_seconds)
    finally:
        upstream.close()
        operator.close()


def _records(broker: KafkaBroker, feed: Feed, window: Window) -> list[Outgoing]:
    model, found = feed.model, [*window.transactions, *window.labels]
    for topic in (model.stream.topic, LABELS.name):
        found += watermarks(
            topic, partitions=broker.partitions(topic), model=model, time=window.end
        )
    return found
