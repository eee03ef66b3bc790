"""An upload that is cut in the middle of its bytes, by the network itself.

trainer ── 1.2 of 2.4 MB ──x   MLflow keeps half a file, or none: nobody takes it for a model
trainer ── again, all ─────▶   one finished run, every byte as it was made
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.mlflow.training import FILES, Training, files, runs
from tests.faults.proxy import Proxy, proxied
from tests.faults.quick import whole_but

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

LARGE = {**FILES, "bundle/large.bin": bytes(range(256)) * 8192}
#: Of what the trainer sends. One of these files is most of it, so each cut is within a body.
CUTS = {"near its beginning": 300_000, "in its middle": 1_200_000, "near its end": 2_300_000}


@pytest.fixture
def network(mlflow_server: str) -> Iterator[Proxy]:
    with proxied(mlflow_server.removeprefix("http://")) as made:
        yield made


@pytest.mark.guarantee(
    "outside",
    fault="the upload of a model to MLflow is cut {where}",
    promise="half a model is never taken for one: one finished run with every byte of it",
    seen="trainer logs 'a training waits, again in 1 s: MLflow …'",
)
@pytest.mark.parametrize("where", whole_but("in its middle", CUTS))
def test_an_upload_that_was_cut_is_made_again_and_half_of_it_is_nobodys(
    where: str,
    network: Proxy,
    name: str,
    mlflow_server: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    finished_by_then: list[str] = []

    def pause(_seconds: float) -> None:
        finished_by_then.extend(run.info.run_id for run in finished(name, mlflow_server))

    training = Training(name, f"http://{network.address}", tmp_path, pause=pause)
    training.child.files = LARGE
    network.cut_after(CUTS[where])
    with caplog.at_level(logging.WARNING):
        event = training.trained()
    assert not network.waits_to_cut, "nothing was cut"
    assert "a training waits, again in 1 s" in caplog.text
    assert finished_by_then == []
    assert (event.outcome, training.child.trainings) == ("trained", 1), event.reason
    (run,) = finished(name, mlflow_server)
    assert run.info.run_id == event.run_id
    record_property("runs_left_unfinished", len(runs(name, mlflow_server)) - 1)
    assert files(run.info.run_id, mlflow_server, tmp_path, paths=LARGE) == LARGE


def finished(name: str, server: str) -> list[Any]:
    return [run for run in runs(name, server) if run.info.status == "FINISHED"]
