"""Every metric of evermodel, once: name, kind, labels, meaning.

``docs/metrics.md`` will be made from this list. Labels are of small, known sets (model, version,
role, topic, outcome), never ids. A gauge that is no longer set is no evidence, not zero.
"""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, without the prefix ``evermodel_``."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


METRICS = (
    Metric("events", "counter", ("topic", "outcome"), "records by what became of them"),
    Metric("handle_seconds", "histogram", ("topic",), "time in a handler, per event or batch"),
    Metric("end_to_end_seconds", "histogram", ("stage",), "an event's cause to its own publishing"),
    Metric("consumer_lag", "gauge", ("topic", "partition"), "records not yet read"),
    Metric("dead_letters", "counter", ("topic", "reason"), "records given up"),
    Metric("transactions_committed", "counter", ("outcome",), "Kafka transactions"),
    Metric("last_success_timestamp_seconds", "gauge", ("stage",), "when a stage last committed"),
    Metric("jobs_running", "gauge", ("stage",), "long work beside the loop"),
)


class Metrics:
    """The metrics of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {
            m.name: self._make(m) for m in METRICS
        }

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add `amount` to the counter `name`."""
        metric = self._made[name]
        if not isinstance(metric, Counter):
            raise TypeError(f"{name} is not a counter")
        metric.labels(**labels).inc(amount)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one observation, in the unit of the name, to the histogram `name`."""
        metric = self._made[name]
        if not isinstance(metric, Histogram):
            raise TypeError(f"{name} is not a histogram")
        metric.labels(**labels).observe(value)

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set the gauge `name`."""
        metric = self._made[name]
        if not isinstance(metric, Gauge):
            raise TypeError(f"{name} is not a gauge")
        metric.labels(**labels).set(value)

    def _make(self, metric: Metric) -> Counter | Gauge | Histogram:
        name = f"evermodel_{metric.name}"
        if metric.kind == "counter":
            return Counter(name, metric.meaning, metric.labels, registry=self.registry)
        if metric.kind == "gauge":
            return Gauge(name, metric.meaning, metric.labels, registry=self.registry)
        return Histogram(
            name, metric.meaning, metric.labels, registry=self.registry, buckets=_SECONDS
        )
