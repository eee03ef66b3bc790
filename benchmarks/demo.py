"""The demo's story as ``make demo`` plays it: seconds, an alarm's way to shadow, and memory.

    drift.detected ─hop─▶ trainer.state ─▶ training ─▶ model.trained ─▶ model.validated
                          taken up          serving.applied ◀─ rollout.step started ◀─┘

A retrain waits for labels of the new regime, which is event time. So a way is measured from where
that wait ends, the trainer's taking up of the training (`trainer.state`), to the scorer's word that
the challenger of that training shadows (`serving.applied`), by the times that their records bear.
*Beyond training* is that less what the training process took from its start to its end, as the
trainer filed it in MLflow: the run looked up and recorded, the verdict, the commit and the step,
the bundle fetched and loaded. From `drift.detected` to being taken up is one hop (see `hops`).
The seconds of the story are those of ``summary.json``: from the command to the last event's rest,
the making of the payments and the start of all parts included, the outputs not.

Memory is resident memory, looked at twice a second: of each role's own process, and of all that it
started, together. Pages that processes share are counted in each. The driver is left out.

It does not show: the first model's way after a start, on which trainer, registrar and scorer import
MLflow and TensorFlow; data larger than the demo's; memory after months; peaks between two looks; a
machine that does something else besides. Its quick form is a smaller bank's single month, with one
way: not comparable with anything but itself.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, Figures
from benchmarks.memory import MEGABYTE, Peaks, watched
from benchmarks.ways import TOPICS, Way, ways
from evermodel.common.events.access import OPERATOR
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.runtime.clock import SystemClock
from evermodel.demo.ending import surprises
from evermodel.demo.generator import generate
from evermodel.demo.story import DemoOptions, tell
from evermodel.demo.world import NightRaids, PriceLevel, World
from evermodel.embedded.stack import Stack
from evermodel.playback.summary import Summary

MODEL = Path(__file__).parents[1] / "examples" / "demo" / "model.toml"
#: The world moves when the first model has served for two days; its retrain is the only one.
MONTH = World(
    days=31,
    customers=1_000,
    terminals=1_300,
    happenings=(PriceLevel(day=22, factor=1.35), NightRaids(day=22)),
)
#: Who holds what (`docs/limitations.md`); TensorFlow is in the scorer's child and in what others
#: start, and in no service.
WITH_MLFLOW = ("mlflow", "registrar", "registrar-spare", "scorer", "trainer")
WITHOUT_BOUND = ("kafka", "scorer-child", "scorer-spare-child")


def measure(*, quick: bool) -> Figures:
    """Return seconds and megabytes of one telling.

    Raises:
        RuntimeError: the story ended otherwise than it must, or no way was played.
    """
    found: list[Way] = []
    took: dict[str, float] = {}

    def look(running: Stack, summary: Summary) -> None:
        took.update(training_seconds(running.mlflow_uri, model=summary.content["model"]))
        broker = KafkaBroker(running.kafka(OPERATOR))
        try:
            records = read_whole(broker, partitions_of(broker, TOPICS))
        finally:
            broker.close()
        found.extend(ways(records, took=took))

    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        options = DemoOptions(model=MODEL, out=out / "demo")
        if quick:
            generate(MONTH).write_parquet(out / "month.parquet")
            options = replace(options, data=out / "month.parquet", fault=None)
        with watched(out / "demo" / "stack" / "processes") as peaks:
            summary = tell(options, clock=SystemClock(), say=lambda _: None, then=look)
    if not quick and (odd := list(surprises(summary.content))):
        raise RuntimeError(f"the story ended otherwise: {'; '.join(odd)}")
    if not found:
        raise RuntimeError("no challenger shadowed: there is no way to measure")
    told = Figure(summary.content["seconds"]["total"], "s" if quick else "s (aim: 180)")
    return {"story_seconds": told, **_trainings(took), **_ways(found), **_memory(peaks)}


def training_seconds(mlflow: str, *, model: str) -> Mapping[str, float]:
    """Return what each finished training of `model` took, by the event that caused it."""
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds, and only here

    client = MlflowClient(tracking_uri=mlflow)
    experiment = client.get_experiment_by_name(model)
    runs = [] if experiment is None else client.search_runs([experiment.experiment_id])
    return {
        run.data.tags["evermodel.caused_by"]: run.data.metrics["training_seconds"]
        for run in runs
        if run.info.status == "FINISHED"
    }


def _trainings(took: Mapping[str, float]) -> Figures:
    return {
        "training_seconds_p50": Figure(median(took.values()), f"s, of {len(took)} trainings"),
        "training_seconds_max": Figure(max(took.values()), "s (aim: 12)"),
    }


def _ways(found: Sequence[Way]) -> Figures:
    worst = max(found, key=lambda way: way.beyond_training)
    return {
        "alarm_to_shadow_beyond_training_min": Figure(
            min(way.beyond_training for way in found), f"s, of {len(found)} ways"
        ),
        "alarm_to_shadow_beyond_training_max": Figure(worst.beyond_training, "s (aim: 2)"),
        "of_which_run_looked_up_and_recorded": Figure(worst.recorded, "s"),
        "of_which_judged": Figure(worst.judged, "s"),
        "of_which_committed_and_stepped": Figure(worst.stepped, "s"),
        "of_which_fetched_and_loaded": Figure(worst.applied, "s"),
    }


def _memory(peaks: Peaks) -> Figures:
    figures = {"memory_together": Figure(peaks.together / MEGABYTE, "MB (aim: 6144)")}
    for role, own in sorted(peaks.own.items()):
        figures[f"memory_{role}"] = Figure(own / MEGABYTE, f"MB{_bound(role)}")
        if peaks.started[role]:
            figures[f"memory_{role}_started"] = Figure(peaks.started[role] / MEGABYTE, "MB")
    return figures


def _bound(role: str) -> str:
    if role in WITHOUT_BOUND:
        return ""
    return " (aim: 400)" if role in WITH_MLFLOW else " (aim: 250)"
