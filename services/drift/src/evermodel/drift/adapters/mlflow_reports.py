"""Runs of reports in MLflow, in an experiment of their own: ``<model>/drift``.

Looked up by the tag ``evermodel.verdict`` before one is made. A run is FINISHED only after
everything is in it; one that a crash left half done is marked failed when it is met.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evermodel.drift.domain.alarms import Alarm
from evermodel.drift.ports import Filed, Unavailable
from evermodel.tracking.artefacts import upload
from evermodel.tracking.client import (
    Absent,
    NoAnswer,
    Refused,
    answering,
    connect,
    experiment_of,
)

VERDICT_TAG, WITHOUT_TAG = "evermodel.verdict", "evermodel.without"

#: MLflow takes tags of 8,000 characters; a sentence is enough.
_LONGEST_TAG = 1000


class MlflowReports:
    """Keeps reports in the MLflow server at `tracking_uri`."""

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri

    def find(self, alarm: Alarm) -> Filed | None:
        """Return the report on `alarm` if it is there; raises ``Unavailable``."""
        with self._client() as client:
            experiment = client.get_experiment_by_name(_experiment(alarm))
            if experiment is None:
                return None
            found = client.search_runs(
                [experiment.experiment_id],
                filter_string=f"tags.`{VERDICT_TAG}` = '{alarm.event_id}'",
                order_by=["attributes.start_time ASC"],
            )
            for run in found:
                if run.info.status == "RUNNING":
                    client.set_terminated(run.info.run_id, "FAILED")
            return next((self._filed(run) for run in found if run.info.status == "FINISHED"), None)

    def record(self, alarm: Alarm, folder: Path, *, without: str) -> Filed:
        """Keep every file of `folder` as the report on `alarm`; raises ``Unavailable``."""
        with self._client() as client:
            experiment = experiment_of(client, _experiment(alarm))
            run = client.create_run(
                experiment, run_name=_name(alarm), tags=_tags(alarm, without=without)
            )
            upload(folder, run=run.info.run_id, client=client)
            client.log_batch(run.info.run_id, _metrics(alarm))
            client.set_terminated(run.info.run_id, "FINISHED")
            return self._filed(client.get_run(run.info.run_id))

    def _filed(self, run: Any) -> Filed:
        info = run.info
        return Filed(
            run_id=info.run_id,
            url=f"{self._uri.rstrip('/')}/#/experiments/{info.experiment_id}/runs/{info.run_id}",
            without=run.data.tags.get(WITHOUT_TAG, ""),
        )

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Yield the client; what the server or the network raises is `Unavailable`."""
        try:
            with answering():
                yield connect(self._uri)
        except (Absent, Refused, NoAnswer) as error:
            raise Unavailable(str(error)) from error


def _experiment(alarm: Alarm) -> str:
    return f"{alarm.verdict.model}/drift"


def _name(alarm: Alarm) -> str:
    return f"{alarm.verdict.cause} drift {alarm.time:%Y-%m-%d %H:%M}"


def _tags(alarm: Alarm, *, without: str) -> dict[str, str]:
    verdict = alarm.verdict
    tags = {
        VERDICT_TAG: alarm.event_id,
        "evermodel.lifecycle": alarm.lifecycle_id or "",
        "evermodel.episode": verdict.episode_id,
        "evermodel.cause": verdict.cause,
        "evermodel.features": ", ".join(verdict.features),
        "evermodel.window_from": verdict.window.start.isoformat(),
        "evermodel.window_until": verdict.window.end.isoformat(),
        "evermodel.reference_id": verdict.reference_id or "",
        "evermodel.policy": verdict.policy,
        WITHOUT_TAG: without,
        "mlflow.note.content": verdict.reason,
    }
    return {name: value[:_LONGEST_TAG] for name, value in tags.items() if value}


def _metrics(alarm: Alarm) -> list[Any]:
    from mlflow.entities import Metric  # noqa: PLC0415  # 2.5 s

    effects = [(f"effect/{_spelt(e.feature)}", e.effect) for e in alarm.verdict.evidence]
    at_ms, step = int(alarm.time.timestamp() * 1000), 0
    return [
        Metric(name, value, at_ms, step) for name, value in [*effects, ("rows", alarm.verdict.rows)]
    ]


def _spelt(feature: str) -> str:
    """Return the name as MLflow takes it in a metric."""
    return "".join(c if c.isalnum() or c in "_-. " else "_" for c in feature)
