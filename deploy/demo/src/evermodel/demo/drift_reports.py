"""Brings Evidently's page on each alarm from MLflow into the demo's folder.

Asks MLflow by its REST interface, which needs no heavy import. Must never fail a demo: a page
that is not there is said to be not there.
"""

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from evermodel.common.events.drift import DriftDetected
from evermodel.common.kernel.clock import Clock
from evermodel.common.kernel.redaction import first_words
from evermodel.playback.journal import Journal

FOLDER, PICTURES = "drift", "evidently.html"

#: A report takes ten seconds of a processor that has nothing else to do: it gives way to the
#: training that the same alarm started. That of the last alarm may still be in the making.
_PATIENCE_SECONDS = 90.0
_LOOK_SECONDS = 0.5

Say = Callable[[str], None]


def fetch_reports(
    journal: Journal, *, model: str, mlflow: str, out: Path, clock: Clock, say: Say
) -> list[Path]:
    """Fetch the page on each of the model's alarms, say where it lies, return the files."""
    deadline = clock.monotonic() + _PATIENCE_SECONDS
    found = []
    for event_id, time in _alarms(journal.of(model)):
        file = out / FOLDER / f"{time:%Y%m%dT%H%M}.html"
        try:
            run = _finished(mlflow, model, event_id, clock, deadline)
            if run is None:
                say(f"{time:%Y-%m-%d}  REPORT    still being drawn: the demo waits no longer")
                continue
            page = _page(run, mlflow)
        except (OSError, KeyError, ValueError) as error:
            say(f"{time:%Y-%m-%d}  REPORT    not made: {first_words(error)}")
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page)
        found.append(file)
        say(f"{time:%Y-%m-%d}  REPORT    what had moved, in Evidently's pictures: {file}")
    return found


def reports_in(out: Path) -> list[Path]:
    """Return the pages that an earlier demo left in `out`."""
    return sorted((out / FOLDER).glob("*.html"))


def _alarms(journal: Journal) -> list[tuple[str, datetime]]:
    return [
        (event.meta.id, event.meta.time)
        for event in journal.events
        if isinstance(event.payload, DriftDetected) and event.payload.severity == "retrain"
    ]


def _finished(
    mlflow: str, model: str, event_id: str, clock: Clock, deadline: float
) -> dict[str, Any] | None:
    """Return the run on the alarm, None when it is not there by `deadline`."""
    while True:
        run = _run(mlflow, model, event_id)
        if run is not None or clock.monotonic() > deadline:
            return run
        threading.Event().wait(_LOOK_SECONDS)


def _run(mlflow: str, model: str, event_id: str) -> dict[str, Any] | None:
    name = urllib.parse.quote(f"{model}/drift", safe="")
    try:
        experiment = _ask(f"{mlflow}/api/2.0/mlflow/experiments/get-by-name?experiment_name={name}")
    except urllib.error.HTTPError:  # nobody has filed anything yet
        return None
    query = {
        "experiment_ids": [experiment["experiment"]["experiment_id"]],
        "filter": f"tags.`evermodel.verdict` = '{event_id}' and attributes.status = 'FINISHED'",
    }
    runs = _ask(f"{mlflow}/api/2.0/mlflow/runs/search", query).get("runs", [])
    return runs[0] if runs else None


def _page(run: dict[str, Any], mlflow: str) -> bytes:
    tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
    if "evermodel.without" in tags:
        raise ValueError(tags["evermodel.without"])
    proxied = urllib.parse.urlsplit(run["info"]["artifact_uri"]).path
    url = f"{mlflow}/api/2.0/mlflow-artifacts/artifacts{proxied}/{PICTURES}"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # the stack's own server
        page: bytes = answer.read()
        return page


def _ask(url: str, query: Mapping[str, object] | None = None) -> dict[str, Any]:
    body = None if query is None else json.dumps(query).encode()
    request = urllib.request.Request(  # noqa: S310  # the stack's own server
        url, data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # as above
        found: dict[str, Any] = json.load(answer)
        return found
