"""Lifecycle events sent all the time, and how long each service took to have handled them.

The events are of a model that is another installation's, as in ``kills``: each service on the
loop reads, refuses and commits them, which is a hop with nothing in it but the way. Measured from
handing an event to the client until the group's commit past it is seen.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import confluent_kafka as ck

from benchmarks.commits import Commits
from benchmarks.figures import Figure, Figures
from benchmarks.kills import ELSEWHERE, PULSE_SECONDS
from benchmarks.timing import beside, quantile
from benchmarks.watching import EVENT_TIME, said
from evermodel.common.events.catalogue import MODEL_TRAINED, OUTCOMES_MATURED
from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Span
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.ids import EventId
from evermodel.common.messaging.kafka_producer import PRODUCER
from evermodel.common.messaging.records import Outgoing, TopicPartition
from evermodel.common.settings.kafka import KafkaSettings

#: Who handles what is sent, one event at a time.
HEARERS = {
    OUTCOMES_MATURED.name: ("drift-detector", "trainer", "deployer"),
    MODEL_TRAINED.name: ("registrar",),
}
Sent = tuple[float, TopicPartition, int]


class Pulse:
    """What was sent, and when."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        #: By when they were sent: what the broker never took.
        self.lost: list[tuple[float, str]] = []

    def hops(self, commits: Commits, *, since: float = 0.0, until: float = float("inf")) -> "Hops":
        """Return the seconds that each service took for what was sent between two moments."""
        found: list[float] = []
        open_ends = sum(
            len(HEARERS[topic]) for began, topic in list(self.lost) if since <= began < until
        )
        for began, at, offset in list(self.sent):
            for group in HEARERS[at.topic] if since <= began < until else ():
                moment = commits.moment_past(group, at, offset)
                if moment is None:
                    open_ends += 1
                else:
                    found.append(moment - began)
        return Hops(found, open_ends)


class Hops:
    """Seconds of hops; `unanswered`: events that some service was not seen to handle."""

    def __init__(self, seconds: Sequence[float], unanswered: int) -> None:
        self.seconds, self.unanswered = seconds, unanswered

    def figures(self, name: str, *, aim: str = "") -> Figures:
        """Return p50 and p95 in milliseconds, and how many were never handled."""
        if not self.seconds:
            return {f"{name}_hops_unanswered": Figure(self.unanswered, "hops of 0 answered")}
        return {
            f"{name}_hop_p50": Figure(quantile(self.seconds, 0.5) * 1e3, "ms"),
            f"{name}_hop_p95": Figure(quantile(self.seconds, 0.95) * 1e3, f"ms{aim}"),
            f"{name}_hops_unanswered": Figure(
                self.unanswered, f"hops, {len(self.seconds)} answered"
            ),
        }


@contextmanager
def pulse(kafka: KafkaSettings) -> Iterator[Pulse]:
    """Send events until the block ends."""
    sending = _Sending(kafka)

    def send(over: threading.Event) -> None:
        number = 0
        while not over.wait(PULSE_SECONDS):
            sending.send(number)
            number += 1

    with beside(send):
        yield sending.pulse
    sending.flush()


class _Sending:
    def __init__(self, kafka: KafkaSettings) -> None:
        self.pulse = Pulse()
        self._producer = ck.Producer({**kafka.client(), **PRODUCER, "linger.ms": 0, "log_level": 0})

    def send(self, number: int) -> None:
        for record in _events(number):
            self._send(record, time.perf_counter())
        self._producer.poll(0)

    def flush(self) -> None:
        self._producer.flush(10)

    def _send(self, record: Outgoing, began: float) -> None:
        def delivered(error: ck.KafkaError | None, message: ck.Message) -> None:
            if error is not None:
                self.pulse.lost.append((began, record.topic))
                return
            at = TopicPartition(record.topic, message.partition() or 0)
            self.pulse.sent.append((began, at, message.offset() or 0))

        self._producer.produce(
            record.topic,
            record.value,
            record.key,
            headers=list(record.headers),
            on_delivery=delivered,
        )


def _events(number: int) -> list[Outgoing]:
    outcomes = OutcomesMatured(
        model=ELSEWHERE,
        cohort=Span(start=EVENT_TIME, end=EVENT_TIME),
        known_until=EVENT_TIME,
        label_age_seconds=0.0,
        rows=0,
        labelled=0,
        frauds=0,
    )
    trained = ModelTrained(
        model=ELSEWHERE,
        outcome="failed",
        reason="benchmark",
        caused_by=EventId(f"cause-{number}"),
        champion=None,
    )
    return [
        said(outcomes, topic=OUTCOMES_MATURED.name, event_id=f"outcomes-{number}"),
        said(trained, topic=MODEL_TRAINED.name, event_id=f"trained-{number}"),
    ]
