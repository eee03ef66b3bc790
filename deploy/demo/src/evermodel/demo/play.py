"""Plays a table into a running stack over Kafka, window by window, each time to rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evermodel.common.events.catalogue import LABELS
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.settings import KafkaSettings
from evermodel.demo import narration
from evermodel.demo.watching import watching
from evermodel.playback.feed import Feed, Window, first_order, watermarks

_REST_SECONDS = 300.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Played:
    """What went in and what was said: enough for the outputs of a run."""

    published: int
    records: list[Record]


def play(
    feed: Feed,
    *,
    kafka: KafkaSettings,
    clock: Clock,
    bootstrap_until: datetime | None,
    say: Say,
    scorers: int = 1,
    meanwhile: Callable[[Window], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> Played:
    """Play every window of `feed`; the first model is trained when its history is in.

    `scorers`: how many replicas score. `meanwhile`: called while a window is on its way.
    `check`: called at every look; raises when the services are kept running no more.

    Raises:
        NotQuiet: the services do not come to rest.
        BrokerUnavailable: Kafka does not answer.
    """
    model, published = feed.model.name, 0
    first_model = feed.bootstrap_end(bootstrap_until)
    broker = KafkaBroker(kafka)

    def tell(records: Sequence[Record]) -> None:
        check()
        for line in narration.lines(records):
            say(line)

    try:
        with watching(kafka, clock=clock, scorers=scorers) as watcher:
            for window in feed.windows():
                broker.publish(_records(broker, feed, window))
                published += len(window.transactions)
                meanwhile(window)
                watcher.settle(model, until=window.end, seconds=_REST_SECONDS, tell=tell)
                if window.end == first_model:
                    order = first_order(model, window.end)
                    broker.publish(emissions([order], cause=None, source="/evermodel/demo"))
                    watcher.settle(model, until=window.end, seconds=_REST_SECONDS, tell=tell)
            return Played(published, watcher.records)
    finally:
        broker.close()


def _records(broker: KafkaBroker, feed: Feed, window: Window) -> list[Outgoing]:
    model, found = feed.model, [*window.transactions, *window.labels]
    for topic in (model.stream.topic, LABELS.name):
        found += watermarks(
            topic, partitions=broker.partitions(topic), model=model, time=window.end
        )
    return found
