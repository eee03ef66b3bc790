"""Three real brokers on this machine, every topic on all of them, two of which must agree.

Owns their processes. Each is a broker and a controller, so killing one may kill the controller.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evermodel.embedded.addresses import LOOPBACK, known_ports
from evermodel.embedded.broker import java_of_kafka
from tests.faults.server import BrokerServer

_CLUSTER = "evermodel-three-broker"  # 22 characters
_SHARED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
}


class Cluster:
    """Three brokers by their number."""

    def __init__(self, members: dict[int, BrokerServer]) -> None:
        self.members = members

    @property
    def bootstrap(self) -> str:
        """Where services begin."""
        return ",".join(member.direct for member in self.members.values())


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Yield three brokers that run."""
    folders = {number: folder / str(number) for number in (1, 2, 3)}
    with ExitStack() as stack:
        for own in folders.values():
            (own / "data").mkdir(parents=True)
            (own / "data" / "meta.properties").touch()  # its own data lies elsewhere, see below
        members = {number: BrokerServer(own) for number, own in folders.items()}
        for member in members.values():
            stack.callback(member.close)
        controllers = {n: known_ports(own / "ports.json") for n, own in folders.items()}
        voters = ",".join(f"{n}@{LOOPBACK}:{p['controller']}" for n, p in controllers.items())
        for number, member in members.items():
            member.properties = {
                **_SHARED,
                "node.id": str(number),
                "controller.quorum.voters": voters,
                "log.dirs": str(folders[number] / "replica"),
            }
            _format(member, folders[number])
        for member in members.values():
            member.launch()
        for member in members.values():
            member.await_ready()
        yield Cluster(members)


def _format(member: BrokerServer, folder: Path) -> None:
    member.write_properties()
    _run([*java_of_kafka(), "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c"], folder)


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run([*command, str(folder / "server.properties")], check=True, capture_output=True)
