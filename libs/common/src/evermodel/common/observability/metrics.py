"""Every metric of evermodel, once: name, kind, labels, meaning.

``docs/metrics.md`` is made from this list (`make docs`). Labels are of small, known sets (model,
version, role, topic, outcome), never ids. A gauge that is no longer set is no evidence, not zero.
"""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    60.0,
    600.0,
)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, without the prefix ``evermodel_`` and, for a counter, ``_total``."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str

    @property
    def exported(self) -> str:
        """The name as Prometheus sees it."""
        return f"evermodel_{self.name}{'_total' if self.kind == 'counter' else ''}"


_LOOP = (
    Metric("events", "counter", ("topic", "outcome"), "records by what became of them"),
    Metric("handle_seconds", "histogram", ("topic",), "time in a handler, per event or batch"),
    Metric(
        "end_to_end_seconds",
        "histogram",
        ("stage",),
        "from the writing of a cause (of a batch: its oldest) to the commit of what follows, jobs "
        "included; wall time",
    ),
    Metric("consumer_lag", "gauge", ("topic", "partition"), "records not yet read"),
    Metric("dead_letters", "counter", ("topic", "reason"), "records given up"),
    Metric("transactions_committed", "counter", ("outcome",), "Kafka transactions"),
    Metric("last_success_timestamp_seconds", "gauge", ("stage",), "when a stage last committed"),
    Metric("jobs_running", "gauge", ("stage",), "long work beside the loop"),
)

_SCORER = (
    Metric("scored", "counter", ("model", "decision"), "payments by what was decided"),
    Metric("decided", "counter", ("model", "model_version"), "payments by who decided them"),
    Metric("score_seconds", "histogram", ("model",), "time to score a batch, all versions"),
    Metric("unanswered", "counter", ("model", "model_version"), "payments without a score of it"),
    Metric("load_failures", "counter", ("model", "model_version"), "times it could not be served"),
    Metric("scoring_restarts", "counter", (), "scoring processes that ended and were replaced"),
    Metric("model_info", "gauge", ("model", "model_version", "role"), "1: loaded, and answers"),
)

#: Counted when the event that says so is committed: see ``lifecycle``.
_LIFECYCLE = (
    Metric("windows", "counter", ("model", "quality"), "closed windows by quality verdict"),
    Metric("window_rows", "gauge", ("model",), "rows of the window that closed last"),
    Metric("late_rows", "counter", ("model",), "rows that came after their window had closed"),
    Metric("drift_verdicts", "counter", ("model", "cause", "severity"), "verdicts of the detector"),
    Metric("drift_effect", "gauge", ("model", "feature"), "effect size at the last verdict, 0..1"),
    Metric("drift_gate", "gauge", ("model", "feature"), "effect size from which it is flagged"),
    Metric(
        "outcomes",
        "counter",
        ("model", "model_version", "outcome"),
        "labelled rows: true_positive, false_positive, false_negative, true_negative",
    ),
    Metric("trainings", "counter", ("model", "outcome"), "trainings: trained, failed"),
    Metric("training_rows", "gauge", ("model",), "rows of the last training"),
    Metric("validations", "counter", ("model", "outcome"), "candidates: accepted, rejected"),
    Metric("gates", "counter", ("model", "gate", "outcome"), "gates asked, slices as one"),
    Metric("rollout_steps", "counter", ("model", "action"), "steps of rollouts"),
    Metric("git_commits", "counter", ("model", "kind"), "commits: promote, rollback, late"),
)

_DETECTOR = (
    Metric(
        "drift_reports",
        "counter",
        ("model", "outcome"),
        "reports on alarms: filed, without_pictures, given_up",
    ),
)

_DEPLOYER = (
    Metric(
        "rollout_weight_ratio",
        "gauge",
        ("model", "model_version", "role"),
        "share of traffic, 0..1",
    ),
    Metric("rollout_in_progress", "gauge", ("model",), "1: a version is being rolled out, or held"),
    Metric("desired_version", "gauge", ("model",), "the version that Git wants"),
    Metric("stable_version", "gauge", ("model",), "the version that serves when in doubt"),
    Metric(
        "git_divergence", "gauge", ("model",), "1: desired is not stable, and nothing rolls out"
    ),
    Metric("git_owed_changes", "gauge", ("model",), "changes that Git has not taken yet"),
    Metric("git_up", "gauge", (), "1: the config repository answered when last asked"),
)

METRICS = (*_LOOP, *_SCORER, *_LIFECYCLE, *_DETECTOR, *_DEPLOYER)


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
        (metric.labels(**labels) if labels else metric).inc(amount)

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
        (metric.labels(**labels) if labels else metric).set(value)

    def forget(self, name: str, **labels: str) -> None:
        """Stop exporting the series of the gauge `name` that carry these labels."""
        metric = self._made[name]
        if not isinstance(metric, Gauge):
            raise TypeError(f"{name} is not a gauge")
        metric.remove_by_labels(labels)

    def _make(self, metric: Metric) -> Counter | Gauge | Histogram:
        name = f"evermodel_{metric.name}"
        if metric.kind == "counter":
            return Counter(name, metric.meaning, metric.labels, registry=self.registry)
        if metric.kind == "gauge":
            return Gauge(name, metric.meaning, metric.labels, registry=self.registry)
        return Histogram(
            name, metric.meaning, metric.labels, registry=self.registry, buckets=_SECONDS
        )
