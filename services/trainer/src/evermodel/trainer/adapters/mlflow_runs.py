"""Runs in MLflow: looked up by the event that caused them before any is made.

A run is FINISHED only after everything is in it, so `find` never returns half of one. Runs that
a crash left RUNNING are marked FAILED when they are met: this service is the only writer, and
one model is one replica's. One that was thought dead may work on all the same: whoever comes second
finds the other's run before it finishes its own, which is then marked FAILED. Where both finish
within that look, the end they wrote down decides, and the clocks that it was read from.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evermodel.common.events.payload import Name, Time
from evermodel.common.kernel.ids import EventId, plain
from evermodel.tracking.artefacts import RUNS, download, upload
from evermodel.tracking.client import Absent, NoAnswer, answering, connect, experiment_of
from evermodel.trainer.ports import REPORT, Plan, Report, Run, Unavailable

_LOG = logging.getLogger(__name__)

CAUSED_BY = "evermodel.caused_by"
#: The metric that says what the training took; its run in MLflow begins only after it.
SECONDS = "training_seconds"


class MlflowRuns:
    """Keeps runs in an MLflow server, one experiment per model (``RunStore``)."""

    def __init__(self, tracking_uri: str) -> None:
        """Connect to nothing yet; the import alone takes seconds."""
        self._uri = tracking_uri
        self._connected: Any = None

    def find(self, *, model: Name, cause: EventId) -> Run | None:
        """Return the FINISHED run tagged with `cause` (``RunStore``)."""
        with self._client() as client:
            for run in _runs(client, model, cause):
                if run.info.status == "RUNNING":
                    _LOG.warning("run %s was left half-done: marked failed", run.info.run_id)
                    client.set_terminated(run.info.run_id, "FAILED")
            first = _only_first(client, model, cause)
            return None if first is None else _found(client, first)

    def record(
        self,
        folder: Path,
        *,
        report: Report,
        plan: Plan,
        cause: EventId,
        caused_at: Time,
        seconds: float,
    ) -> Run:
        """Log `report` and upload `folder`; FINISHED comes last (``RunStore``)."""
        with self._client() as client:
            run_id = client.create_run(
                experiment_of(client, plan.model.name),
                run_name=f"{plan.model.name} {caused_at:%Y-%m-%d %H:%M}",
                tags=_tags(report, plan, cause),
            ).info.run_id
            try:
                _log(client, run_id, report, folder, seconds=seconds, at=caused_at)
                before = _another(client, plan.model.name, cause, than=run_id)
                client.set_terminated(run_id, "FAILED" if before else "FINISHED")
            except Exception:
                _mark_failed(client, run_id)
                raise
            first = before or _only_first(client, plan.model.name, cause)
            if first is None:
                raise Unavailable(f"run {run_id} was marked failed by another trainer of its cause")
            return Run.of(run_id, report) if first == run_id else _found(client, first)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Yield the client; a server or network that does not answer is `Unavailable`.

        What MLflow refuses stays as it is: no waiting would change it.
        """
        try:
            with answering():
                self._connected = self._connected or connect(self._uri)
                yield self._connected
        except (Absent, NoAnswer) as error:
            raise Unavailable(str(error)) from error


def _runs(client: Any, model: Name, cause: EventId) -> list[Any]:
    experiment = client.get_experiment_by_name(model)
    if experiment is None:
        return []
    return list(
        client.search_runs(
            [experiment.experiment_id],
            filter_string=f"tags.`{CAUSED_BY}` = '{plain(cause)}'",
            order_by=["attributes.start_time ASC"],
        )
    )


def _another(client: Any, model: Name, cause: EventId, *, than: str) -> str | None:
    """Return the run of `cause` that somebody else has finished while `than` was made."""
    first = _only_first(client, model, cause)
    if first is not None:
        _LOG.warning("run %s of this cause was finished first: %s counts no more", first, than)
    return first


def _only_first(client: Any, model: Name, cause: EventId) -> str | None:
    """Return the run of `cause` that was finished first, and let no other count."""
    finished = [run.info for run in _runs(client, model, cause) if run.info.status == "FINISHED"]
    finished.sort(key=lambda info: (info.end_time, info.run_id))
    ids: list[str] = [info.run_id for info in finished]
    for other in ids[1:]:
        _LOG.warning("run %s of this cause was finished first: %s counts no more", ids[0], other)
        client.set_terminated(other, "FAILED")
    return ids[0] if ids else None


def _found(client: Any, run_id: str) -> Run:
    with TemporaryDirectory() as folder:
        file = download(
            f"{RUNS}{run_id}/{REPORT}", into=Path(folder), tracking_uri=client.tracking_uri
        )
        return Run.of(run_id, Report.model_validate_json(file.read_bytes()))


def _tags(report: Report, plan: Plan, cause: EventId) -> dict[str, str]:
    return {
        CAUSED_BY: plain(cause),
        "evermodel.digest": str(report.digest),
        "evermodel.dataset_digest": str(report.dataset_digest),
        "evermodel.reference_id": str(report.reference_id),
        "evermodel.code_version": report.code_version,
        "evermodel.data_from": plan.span.start.isoformat(),
        "evermodel.data_until": plan.span.end.isoformat(),
        "evermodel.as_of": plan.as_of.isoformat(),
        "evermodel.drifted": ", ".join(plan.drifted),
    }


def _log(
    client: Any, run_id: str, report: Report, folder: Path, *, seconds: float, at: Time
) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415  # 2.5 s

    values = {
        "threshold": report.threshold,
        "rows": report.rows,
        "frauds": report.frauds,
        SECONDS: seconds,
    }
    for metric in report.metrics:
        parts = {"": metric.value, "_lower": metric.lower, "_upper": metric.upper}
        values |= {metric.name + part: value for part, value in parts.items() if value is not None}
    at_ms, step = int(at.timestamp() * 1000), 0
    metrics = [Metric(name, value, at_ms, step) for name, value in values.items()]
    parameters = [Param(key, value) for key, value in report.parameters.items()]
    client.log_batch(run_id, metrics=metrics, params=parameters)
    upload(folder, run=run_id, client=client)


def _mark_failed(client: Any, run_id: str) -> None:
    try:
        client.set_terminated(run_id, "FAILED")
    except Exception:  # noqa: BLE001  # the first error is the one to tell
        _LOG.warning("run %s could not be marked failed; the next look-up will", run_id)
