"""The real stack, in real processes that break where they are told, and a story played through it.

    histories of three models ─▶ v1 each ─▶ the amounts of two move ─▶ v2 of each ─▶
    canaries ─▶ "terminals" v2 serves ─▶ "cards" v2 is broken by a planted skew and taken back

Owns the network that is cut, and the phases. What came of the story is read by ``stack_observed``.
"""

import json
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.demo import watching
from evermodel.demo.description import write_description
from evermodel.demo.play import LOCKSTEP, Played, play
from evermodel.embedded import slot
from evermodel.embedded.mlflow_server import mlflow
from evermodel.embedded.services import Role
from evermodel.embedded.stack import Stack, stack
from evermodel.playback.feed import Feed
from evermodel.playback.source import Table
from tests.faults.crash.points import ROLES
from tests.faults.proxy import Proxy, proxied
from tests.faults.server import BrokerServer, server

ROOT = Path(__file__).resolve().parents[3]
#: What breaks "cards" v2 while it is a canary: no other model has this feature and a version 2.
SKEW = "2:CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW:0.1"
#: When plants of each phase begin to bite, by the end of the windows that are on their way:
#: histories, first models and drift, rollouts.
PHASES = (
    datetime(2025, 3, 4, tzinfo=UTC),
    datetime(2025, 3, 9, tzinfo=UTC),
    datetime(2025, 3, 13, tzinfo=UTC),
)
CUT_SECONDS = 2.5
#: Nothing here takes as long as an evaluation may: a story that stands still has lost something.
SILENT_SECONDS = 300.0

_WORKER = "tests.faults.crash.worker"


@dataclass(frozen=True)
class Came:
    """A story that has been played, its stack still there to be asked."""

    played: Played
    stack: Stack
    kafka: KafkaSettings
    mlflow: str
    fired: frozenset[str]
    restarts: Mapping[str, int]


class Network:
    """Everything that services reach by a network, cut for a while by whoever connects."""

    def __init__(self, path: Path, *, proxies: tuple[Proxy, ...], repository: Path) -> None:
        self._proxies, self._repository = proxies, repository
        self._whole = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._serve, name="network", daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._cut, args=(link,), daemon=True).start()

    def _cut(self, link: socket.socket) -> None:
        """Cut, tell whoever asked, mend."""
        away = self._repository.with_name("config.git.away")
        with self._whole:
            for proxy in self._proxies:
                proxy.cut()
            with suppress(FileNotFoundError):
                self._repository.rename(away)
            with suppress(OSError), link:  # whoever asked may have ended for want of a network
                link.sendall(b"!")
            threading.Event().wait(CUT_SECONDS)
            if away.exists():
                away.rename(self._repository)
            for proxy in self._proxies:
                proxy.mend()

    def close(self) -> None:
        """Hear nobody any more; what is cut is mended first."""
        self._socket.close()
        with self._whole:
            pass


def roles() -> tuple[Role, ...]:
    """Every service that keeps or decides anything, as a process that can be broken."""
    return tuple(
        Role(name, (_WORKER, name, *module), can_wait=False) for name, module in ROLES.items()
    )


@contextmanager
def told(
    folder: Path,
    tables: Sequence[Table],
    plan: Mapping[str, Mapping[str, object]],
    *,
    monkeypatch: pytest.MonkeyPatch,
    mutants: Sequence[str] = (),
) -> Iterator[Came]:
    """Play `tables` with the faults of `plan` (see ``striking``); yield what came of it."""
    strikes = _strikes(folder / "strikes", plan)
    monkeypatch.setattr(watching, "_SILENT_SECONDS", SILENT_SECONDS)
    # A killed service is started again at once, however often: this is no test of patience.
    monkeypatch.setattr(slot, "LONGEST_DELAY_SECONDS", slot.FIRST_DELAY_SECONDS)
    with (
        server(folder / "kafka") as kafka,
        mlflow(folder / "mlflow") as uri,
        proxied(uri.removeprefix("http://")) as tracking,
    ):
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{tracking.address}")
        files = [write_description(t.model, folder / f"{t.model.name}.toml") for t in tables]
        environment = {
            **LOCKSTEP,
            "EVERMODEL_SCORER_FAULT": SKEW,
            "EVERMODEL_TEST_STRIKES": str(strikes),
            "EVERMODEL_TEST_MUTANTS": "\n".join(mutants),
            "PYTHONPATH": str(ROOT),
            # Whoever is killed a hundred times need not import TensorFlow for what comes next.
            "EVERMODEL_SPARES": "off",
            "EVERMODEL_REGISTRAR_WARM": "false",
        }
        with stack(
            folder / "stack",
            models=":".join(map(str, files)),
            extra_env=environment,
            roles=roles(),
        ) as running:
            repository = Path(running.repository)
            network = Network(
                strikes / "cut.sock", proxies=(kafka.proxy, tracking), repository=repository
            )
            try:
                played = _played(kafka, running, tables, strikes)
            finally:
                network.close()
            yield Came(
                played,
                running,
                KafkaSettings(bootstrap_servers=kafka.direct),
                uri,
                frozenset(path.name for path in (strikes / "fired").iterdir()),
                {s.name: s.restarts for s in running.standings()},
            )


def _strikes(folder: Path, plan: Mapping[str, Mapping[str, object]]) -> Path:
    (folder / "fired").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def _played(kafka: BrokerServer, running: Stack, tables: Sequence[Table], strikes: Path) -> Played:
    def begin_phases(end: datetime) -> None:
        for number, since in enumerate(PHASES):
            if end >= since:
                (strikes / f"phase-{number}").touch()

    return play(
        [Feed(table) for table in tables],
        kafka=lambda _: KafkaSettings(bootstrap_servers=kafka.direct),
        clock=SystemClock(),
        bootstrap_until=None,
        say=print,
        meanwhile=begin_phases,
        check=running.check,
    )


def forget(folder: Path) -> None:
    """Remove what a run left, which is hundreds of megabytes."""
    shutil.rmtree(folder, ignore_errors=True)
