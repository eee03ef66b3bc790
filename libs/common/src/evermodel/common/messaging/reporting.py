"""What a loop tells people about each record: one line in the log, and numbers.

Owns the names of the loop's metrics and the fields of its log lines. Must never decide anything.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.errors import Reason
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.common.observability.lifecycle import note
from evermodel.common.observability.metrics import Metrics

_LOG = logging.getLogger(__name__)


class Report:
    """The metrics and the log of one loop; `stage` is the service's name."""

    def __init__(self, metrics: Metrics, *, stage: str, clock: Clock) -> None:
        self._metrics = metrics
        self._stage = stage
        self._clock = clock

    @contextmanager
    def timing(self, topic: str) -> Iterator[None]:
        """Time a handler: one event or one batch of `topic`."""
        started = self._clock.monotonic()
        yield
        self._metrics.observe("handle_seconds", self._clock.monotonic() - started, topic=topic)

    def handled(self, topic: str, amount: int = 1) -> None:
        """Count records of `topic` that are dealt with."""
        self._metrics.count("events", amount, topic=topic, outcome="handled")

    def answered(self, record: Record, cause: EventMeta | None) -> None:
        """Write the line of an event whose reaction goes out."""
        _LOG.info("handled", extra=_fields(record, cause))

    def retried(self, record: Record, error: Exception, *, seconds: float) -> None:
        """Say that `record`, or the batch that begins with it, waits for `seconds`."""
        _LOG.warning("tried again in %s s: %s", seconds, error, extra=_fields(record))
        self._metrics.count("events", topic=record.topic, outcome="retried")

    def failed(self, message: str, error: Exception) -> None:
        """Write down a bug that is not given up on yet."""
        _LOG.warning(message, exc_info=error)

    def given_up(self, record: Record, reason: Reason, error: Exception) -> None:
        """Say that `record` is not tried again."""
        _LOG.error("given up (%s): %s", reason, error, extra=_fields(record))

    def buried(self, record: Record, reason: Reason) -> None:
        """Count a dead letter."""
        self._metrics.count("events", topic=record.topic, outcome="dead")
        self._metrics.count("dead_letters", topic=record.topic, reason=reason)

    def committed(self, said: Iterable[Payload], *, since_ms: Iterable[int]) -> None:
        """Count a transaction that became true, and what its events say.

        `since_ms`: when the cause of each reaction in it was written to its topic.
        """
        for payload in said:
            note(self._metrics, payload)
        self._metrics.count("transactions_committed", outcome="committed")
        now = self._clock.now().timestamp()
        self._metrics.set("last_success_timestamp_seconds", now, stage=self._stage)
        for since in since_ms:  # clocks of two machines may differ
            self._metrics.observe(
                "end_to_end_seconds", max(now - since / 1000, 0.0), stage=self._stage
            )

    def undone(self) -> None:
        """Count a transaction that was undone."""
        self._metrics.count("transactions_committed", outcome="undone")

    def standing(self, lag: Mapping[TopicPartition, int], *, jobs: int) -> None:
        """Say how far behind we are and how much runs beside."""
        for at, amount in lag.items():
            self._metrics.set("consumer_lag", amount, topic=at.topic, partition=str(at.partition))
        self._metrics.set("jobs_running", jobs, stage=self._stage)


def _fields(record: Record, meta: EventMeta | None = None) -> dict[str, object]:
    fields: dict[str, object] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
    }
    if meta is not None:
        fields |= {
            "event_id": meta.id,
            "event_type": meta.type,
            "lifecycle_id": meta.lifecycle_id,
            "model": meta.subject,
        }
    return fields
