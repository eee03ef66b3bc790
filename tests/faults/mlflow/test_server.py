"""MLflow itself is in trouble: away, slow, its database locked, its disk full; real waits.

fault ─▶ the trainer waits, and says so ─ mended ─▶ one finished run, one event
"""

import logging
import resource
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from evermodel.embedded.mlflow_server import mlflow
from evermodel.embedded.process import recorded
from tests.faults.mlflow.training import FILES, Training, assert_one_finished_run, runs
from tests.faults.proxy import Proxy, proxied

pytestmark = [
    pytest.mark.whole,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

FAULT_SECONDS = 6.0
LARGE = "bundle/large.bin"


@dataclass(frozen=True)
class MlflowServer:
    """A server of the module's own, and the network to it."""

    uri: str
    folder: Path
    network: Proxy


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp("mlflow")
    with mlflow(folder) as uri, proxied(uri.removeprefix("http://")) as network:
        runs("nobody's", uri)  # imports what takes seconds, before any time is taken
        yield MlflowServer(uri, folder, network)


@contextmanager
def locked(server: MlflowServer) -> Iterator[None]:
    """Hold the database as a backup, or a person with a shell, would."""
    with closing(
        sqlite3.connect(server.folder / "mlflow.db", isolation_level=None, check_same_thread=False)
    ) as link:
        link.execute("begin exclusive")
        try:
            yield
        finally:
            link.execute("rollback")


@contextmanager
def full(server: MlflowServer) -> Iterator[None]:
    """Let the server write no file as long as the large artefact: by a limit, not a full disk."""
    (process,) = recorded(server.folder / "processes")
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LARGE_BYTES // 2, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)


LARGE_BYTES = 16 << 20
FAULTS: dict[str, Callable[[MlflowServer], object]] = {
    "is away": lambda server: server.network.away(),
    "has its database locked": locked,
    "has no room for an artefact": full,
}
TRAINER_WAITS = "trainer logs 'a training waits, again in … s: …'"
SEEN = dict.fromkeys(FAULTS, TRAINER_WAITS)
SEEN["has its database locked"] = "nothing said: MLflow itself waits for its database"
#: How a cell says that its disk was none.
DISKS = {"has no room for an artefact": "RLIMIT_FSIZE"}


def waits(seconds: float) -> None:
    threading.Event().wait(seconds)


@pytest.mark.guarantee(
    "outside",
    fault=f"MLflow {{fault}} for {FAULT_SECONDS:g} s",
    promise="one training, one finished run with every artefact whole, one model.trained",
    seen="{seen}; evermodel_jobs_running 1",
)
@pytest.mark.parametrize(("fault", "seen"), SEEN.items(), ids=SEEN)
def test_a_training_waits_for_mlflow_and_is_recorded_once(
    fault: str,
    seen: str,
    server: MlflowServer,
    name: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    training = Training(name, f"http://{server.network.address}", tmp_path, pause=waits)
    training.child.files = FILES | {LARGE: bytes(LARGE_BYTES)}
    mended: list[float] = []

    with ExitStack() as stack:
        stack.enter_context(FAULTS[fault](server))  # type: ignore[arg-type]  # each is a context

        def mend() -> None:
            stack.close()
            mended.append(time.monotonic())

        later = threading.Timer(FAULT_SECONDS, mend)
        later.start()
        event = training.trained()
        ended = time.monotonic()
        later.join()
    assert ended > mended[0], "it waited"
    assert ("a training waits, again in" in caplog.text) == (seen == TRAINER_WAITS)
    record_property("flows_again_seconds", round(ended - mended[0], 1))
    if fault in DISKS:
        record_property("disk", DISKS[fault])
    assert_one_finished_run(event, training, server=server.uri, into=tmp_path)


@pytest.mark.guarantee(
    "outside",
    fault="MLflow is slow: every piece half a second later each way, 200 kB/s",
    promise="waited for; one finished run with every artefact whole",
    seen="nothing but evermodel_jobs_running 1 for longer",
)
def test_a_slow_mlflow_is_no_mlflow_that_is_away(
    server: MlflowServer,
    name: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    training = Training(name, f"http://{server.network.address}", tmp_path, pause=waits)
    server.network.delay_seconds, server.network.bytes_per_second = 0.5, 200_000.0
    began = time.monotonic()
    try:
        with caplog.at_level(logging.WARNING):
            event = training.trained()
    finally:
        server.network.delay_seconds, server.network.bytes_per_second = 0.0, None
    record_property("recorded_in_seconds", round(time.monotonic() - began, 1))
    assert "a training waits" not in caplog.text
    assert_one_finished_run(event, training, server=server.uri, into=tmp_path)
