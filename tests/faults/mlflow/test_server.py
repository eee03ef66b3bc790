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
from tests.faults.mlflow.training import FILES, Training, files, runs
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
class Server:
    """A server of the module's own, and the network to it."""

    uri: str
    folder: Path
    network: Proxy


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mlflow")
    with mlflow(folder) as uri, proxied(uri.removeprefix("http://")) as network:
        runs("nobody's", uri)  # imports what takes seconds, before any time is taken
        yield Server(uri, folder, network)


@contextmanager
def locked(server: Server) -> Iterator[None]:
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
def full(server: Server) -> Iterator[None]:
    """Let the server write no file as long as the large artefact."""
    (process,) = recorded(server.folder / "processes")
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LARGE_BYTES // 2, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)


LARGE_BYTES = 16 << 20
FAULTS: dict[str, Callable[[Server], object]] = {
    "is away": lambda server: server.network.away(),
    "has its database locked": locked,
    "has no room for an artefact": full,
}
TRAINER_WAITS = "trainer logs 'a training waits, again in … s: …'"
SEEN = dict.fromkeys(FAULTS, TRAINER_WAITS)
SEEN["has its database locked"] = "nothing said: MLflow itself waits for its database"


def waits(seconds: float) -> None:
    threading.Event().wait(seconds)


def one_finished_run(training: Training, server: Server, into: Path) -> None:
    (run,) = [run for run in runs(training.name, server.uri) if run.info.status == "FINISHED"]
    assert files(run.info.run_id, server.uri, into) == FILES
    assert training.child.trainings == 1


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
    server: Server,
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
    assert event.outcome == "trained"
    assert ended > mended[0], "it waited"
    assert ("a training waits, again in" in caplog.text) == (seen == TRAINER_WAITS)
    record_property("flows_again_seconds", round(ended - mended[0], 1))
    one_finished_run(training, server, tmp_path)


@pytest.mark.guarantee(
    "outside",
    fault="MLflow is slow: every piece half a second later each way, 200 kB/s",
    promise="waited for; one finished run with every artefact whole",
    seen="nothing but evermodel_jobs_running 1 for longer",
)
def test_a_slow_mlflow_is_no_mlflow_that_is_away(
    server: Server,
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
            assert training.trained().outcome == "trained"
    finally:
        server.network.delay_seconds, server.network.bytes_per_second = 0.0, None
    record_property("recorded_in_seconds", round(time.monotonic() - began, 1))
    assert "a training waits" not in caplog.text
    one_finished_run(training, server, tmp_path)
