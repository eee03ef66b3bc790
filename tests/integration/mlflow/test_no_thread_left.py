"""A download leaves no thread behind: a replica makes them for months."""

import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evermodel.tracking.artefacts import download, upload
from evermodel.tracking.client import connect

PATIENCE_SECONDS = 10.0

pytestmark = [
    # MLflow's own schema uses what SQLAlchemy 2.1 deprecates; nothing here can change that.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]


@pytest.fixture
def rarely_collected() -> Iterator[None]:
    """As where hundreds of thousands of imported objects put a full collection off."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def pools() -> set[threading.Thread]:
    """Return the threads of MLflow's stores."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("Mlflow")}


@pytest.mark.usefixtures("rarely_collected")
def test_whatever_was_moved_no_thread_waits_for_more(mlflow_server: str, tmp_path: Path) -> None:
    before, client, folder = pools(), connect(mlflow_server), tmp_path / "bundle"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / name).write_text(name)
    run = client.create_run(client.create_experiment(tmp_path.name)).info.run_id
    upload(tmp_path, run=run, client=client)
    for number in range(3):
        into = tmp_path / f"into-{number}"
        into.mkdir()
        found = download(f"runs:/{run}/bundle", into=into, tracking_uri=mlflow_server)
        assert (found / "c").read_text() == "c"
    end = time.monotonic() + PATIENCE_SECONDS
    while (left := pools() - before) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left
