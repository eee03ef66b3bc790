"""A real broker that can be killed, stopped, filled and started again, its network in our hands.

    service ──▶ proxy ──▶ listener PLAINTEXT ─┐
    test    ────────────▶ listener DIRECT ────┴▶ broker

Owns the broker's process, and the two ways to it: what a test does to the network is felt by
services alone. Must never choose another port or folder at a second start.
"""

import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from evermodel.embedded.addresses import LOOPBACK, known_ports
from evermodel.embedded.broker import prepare
from evermodel.embedded.process import Child, Part
from evermodel.embedded.readiness import await_ready
from tests.faults.proxy import Proxy


class BrokerServer:
    """One broker in `folder`. It runs after `start`."""

    def __init__(self, folder: Path, *, properties: Mapping[str, str] | None = None) -> None:
        self._folder, self.properties = folder, dict(properties or {})
        self._part = self._prepared()
        ports = known_ports(folder / "ports.json")
        self.direct = f"{LOOPBACK}:{ports['administration']}"
        self.proxy = Proxy((LOOPBACK, ports["client"]))
        self.bootstrap = self.proxy.address
        self._child: Child | None = None

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self._part.command.log

    def start(self) -> None:
        """Start it, on the ports and data it had; return once it answers."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start it; return at once."""
        self._part = self._prepared()
        self.write_properties()
        self._child = Child(self._part.command, records=self._folder / "processes")

    def await_ready(self) -> None:
        """Return once it answers."""
        part = self._part
        await_ready(self._running, part.is_ready, seconds=part.ready_seconds, log=self.log)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        psutil.Process(self.pid).kill()
        self._running.stop()

    def stop(self) -> None:
        """End it in order."""
        self._running.stop()

    def fill_disk(self) -> str:
        """From now on none of its files takes another byte, as on a disk that is full.

        Return how: by a limit, whose error is another one (EFBIG) than a full disk's.
        """
        hard = psutil.Process(self.pid).rlimit(resource.RLIMIT_FSIZE)[1]
        psutil.Process(self.pid).rlimit(resource.RLIMIT_FSIZE, (1, hard))
        return "RLIMIT_FSIZE"

    def wait(self, *, seconds: float) -> int | None:
        """Return its exit status once it has ended, None if it has not within `seconds`."""
        return self._running.wait(seconds=seconds)

    def close(self) -> None:
        """End it and its network."""
        if self._child is not None:
            with suppress(psutil.NoSuchProcess):
                self.kill()
            self._child.stop()
        self.proxy.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    @property
    def _running(self) -> Child:
        assert self._child is not None
        return self._child

    def _prepared(self) -> Part:
        part = prepare(self._folder)
        known = getattr(self, "_part", part).address
        assert part.address == known, "the broker's port was taken meanwhile"
        return part

    def write_properties(self) -> None:
        """Name the proxy to clients, and let the broker reach itself without it."""
        ports = known_ports(self._folder / "ports.json")
        ours = {
            "listeners": f"PLAINTEXT://{LOOPBACK}:{ports['client']},DIRECT://{self.direct},"
            f"CONTROLLER://{LOOPBACK}:{ports['controller']}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap},DIRECT://{self.direct}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,DIRECT:PLAINTEXT,"
            "CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "DIRECT",
            **self.properties,
        }
        file = self._folder / "server.properties"
        lines = file.read_text().splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in ours]
        file.write_text("\n".join([*kept, *(f"{k}={v}" for k, v in ours.items())]) + "\n")


@contextmanager
def server(folder: Path, *, properties: Mapping[str, str] | None = None) -> Iterator[BrokerServer]:
    """Yield a broker that runs."""
    made = BrokerServer(folder, properties=properties)
    try:
        made.start()
        yield made
    finally:
        made.close()
