"""A broker whose clients may be cut from it, while the test itself goes on speaking to it.

services ──▶ proxy ──▶ PROXIED listener ┐
test ────────────────▶ its own listener ┴ one broker
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from evermodel.embedded import broker
from evermodel.embedded.addresses import LOOPBACK, kept_ports
from evermodel.embedded.process import Part
from evermodel.embedded.readiness import alone
from tests.faults.proxy import Proxy, proxied


@dataclass(frozen=True)
class Networked:
    """`direct`: the broker's own address. `proxied`: the one that the proxy can cut."""

    direct: str
    proxied: str
    proxy: Proxy


@contextmanager
def networked_kafka(folder: Path) -> Iterator[Networked]:
    """Run a broker in `folder` that can be reached directly and through a proxy."""
    folder.mkdir(parents=True, exist_ok=True)
    port = kept_ports(folder / "second.json", names=("second",))["second"]
    with proxied(f"{LOOPBACK}:{port}") as proxy:

        def prepare(place: Path) -> Part:
            part = broker.prepare(place)
            properties = place.resolve() / "server.properties"
            text = properties.read_text()
            text = _with_second(text, port=port, advertised=proxy.port)
            properties.write_text(text)
            return replace(part)

        with alone(prepare, folder) as direct:
            yield Networked(direct=direct, proxied=proxy.address, proxy=proxy)


def _with_second(text: str, *, port: int, advertised: int) -> str:
    lines = []
    for line in text.splitlines():
        name, _, value = line.partition("=")
        match name:
            case "listeners":
                value += f",SECOND://{LOOPBACK}:{port}"
            case "advertised.listeners":
                value += f",SECOND://{LOOPBACK}:{advertised}"
            case "listener.security.protocol.map":
                value += ",SECOND:PLAINTEXT"
        lines.append(f"{name}={value}" if _ else line)
    return "\n".join(lines) + "\n"
