"""What committed events say in numbers, and the names under which Prometheus finds it."""

import json
import re
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.build import metrics as page
from docs.build import schemas
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.rollout import Action
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.messaging.api import Emit, Reaction, Route, ServiceSpec
from evermodel.common.observability.health import health_server
from evermodel.common.observability.lifecycle import note
from evermodel.common.observability.metrics import METRICS, Metric, Metrics
from evermodel.common.testing.harness import Crashed, Harness, crash_at
from evermodel.common.testing.rollouts import rollout_step

EXAMPLES = Path(schemas.__file__).resolve().parents[2] / (
    "libs/common/src/evermodel/common/events/examples"
)
BY_TYPE = {payload.TYPE: payload for payload in schemas.payloads()}
TIME = datetime(2018, 6, 1, tzinfo=UTC)
LABELS = {
    *("topic", "outcome", "stage", "partition", "reason", "model", "model_version", "role"),
    *("decision", "quality", "cause", "severity", "feature", "gate", "action", "kind"),
}


def of_examples() -> Metrics:
    """Return what a process has counted that committed every golden example."""
    metrics = Metrics()
    for path in sorted(EXAMPLES.glob("*.json")):
        said = json.loads(path.read_text())
        note(metrics, BY_TYPE[said["type"]].model_validate(said["data"]))
    return metrics


def scraped(metrics: Metrics) -> dict[str, str]:
    """Return the kind of every metric with a series, by name, as the endpoint tells it."""
    with health_server(
        host="127.0.0.1", port=0, metrics=metrics, healthy=lambda: True, ready=lambda: True
    ) as port:
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read().decode()
    return {f.name: f.type for f in text_string_to_metric_families(text) if f.samples}


@pytest.mark.parametrize(
    "name",
    [
        *("windows", "window_rows", "late_rows", "drift_verdicts", "drift_effect", "drift_gate"),
        *("outcomes", "trainings", "training_rows", "validations", "gates", "rollout_steps"),
        "git_commits",
    ],
)
def test_every_kind_of_event_is_found_at_the_endpoint(name: str) -> None:
    kinds = {metric.name: metric.kind for metric in METRICS}
    assert scraped(of_examples())[f"evermodel_{name}"] == kinds[name]


@pytest.mark.parametrize(
    ("action", "version", "before", "kind"),
    [
        ("started", 2, 1, "promote"),
        ("promoted", 1, None, "promote"),
        ("resumed", 1, 2, "rollback"),
        ("resumed", 2, 1, "late"),
        ("resumed", 1, None, "late"),
    ],
)
def test_a_commit_is_counted_by_what_it_is_for(
    action: Action, version: int, before: int | None, kind: str
) -> None:
    metrics = Metrics()
    said = rollout_step(action, about=version, in_play=[(1, "champion", 100)])
    note(metrics, said.model_copy(update={"commit": "abc", "from_version": before}))
    labels = {"model": "fraud", "kind": kind}
    assert metrics.registry.get_sample_value("evermodel_git_commits_total", labels) == 1


def test_outcomes_are_told_apart() -> None:
    value = of_examples().registry.get_sample_value
    said = [json.loads(path.read_text()) for path in EXAMPLES.glob("*.json")]
    for kind, event_type, field, outcome in (
        ("trainings", ModelTrained.TYPE, "outcome", "failed"),
        ("trainings", ModelTrained.TYPE, "outcome", "trained"),
        ("validations", ModelValidated.TYPE, "verdict", "accepted"),
        ("validations", ModelValidated.TYPE, "verdict", "rejected"),
    ):
        told = sum(s["type"] == event_type and s["data"][field] == outcome for s in said)
        assert told, (event_type, outcome)
        labels = {"model": "fraud", "outcome": outcome}
        assert value(f"evermodel_{kind}_total", labels) == told, (kind, outcome)


def training(meta: EventMeta, model: ModelName) -> Reaction:
    said = ModelTrained(
        model=model,
        outcome="failed",
        reason="no rows",
        caused_by=EventId(meta.id),
        champion=None,
    )
    return Reaction(events=[Emit(said, meta.time)])


def trainer() -> ServiceSpec:
    return ServiceSpec(
        name="trainer",
        service="trainer",
        routes=(Route(LifecycleCommand, lambda event, meta: training(meta, event.model)),),
    )


def trainings(spec: ServiceSpec) -> float | None:
    labels = {"model": "fraud", "outcome": "failed"}
    return spec.metrics.registry.get_sample_value("evermodel_trainings_total", labels)


def test_an_event_counts_when_it_is_committed_and_not_before() -> None:
    harness, undone, spec = Harness(), trainer(), trainer()
    crashing = harness.add(undone, at=crash_at("committing"))
    command = LifecycleCommand(model=ModelName("fraud"), command="retrain", who="ada", why="so")
    harness.publish(command, time=TIME)
    with pytest.raises(Crashed):
        harness.run()
    assert trainings(undone) is None

    harness.remove(crashing)
    harness.add(spec)
    harness.run()
    assert trainings(spec) == 1
    assert len(harness.events(ModelTrained)) == 1


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_names_follow_prometheus_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", metric.name)
    assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket", "_created"))
    assert metric.exported.endswith("_total") == (metric.kind == "counter")
    assert metric.kind != "histogram" or metric.name.endswith("_seconds")
    assert not re.search(r"_(ms|millis|minutes|hours|percent|pct|kb|mb)(_|$)", metric.name)
    assert set(metric.labels) <= LABELS, "a label is of a small known set, and never an id"
    assert metric.meaning


def test_every_metric_is_on_the_page() -> None:
    text = page.page()
    assert all(f"| `{metric.exported}` | {metric.kind} |" in text for metric in METRICS)
