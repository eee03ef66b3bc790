"""``docs/metrics.md``: every metric a process exports, for those who draw or alert on them."""

from evermodel.common.observability.metrics import METRICS, Metric

_HEAD = """# Metrics

This page is made from the one list of metrics (`make docs`).

Every process answers `/metrics` in Prometheus' text form where `EVERMODEL_HEALTH_PORT` says, beside
`/healthz` and `/readyz`. Units are in the names; ratios run from 0 to 1. Labels are of small known
sets, never ids. A gauge that is not exported is no evidence, not zero: the deployer shows a model
only while it owns it, so over all replicas each has one series.

"""


def page() -> str:
    """Return the page."""
    rows = ["| metric | kind | labels | meaning |\n", "|---|---|---|---|\n"]
    return _HEAD + "".join([*rows, *map(_row, METRICS)])


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.exported}` | {metric.kind} | {labels} | {metric.meaning} |\n"
