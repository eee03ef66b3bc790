"""The whole system on one machine: Kafka, MLflow, Git, the lake and every service.

Owns what runs and with which environment; the supervisor keeps it running. Everything lies in
one state folder::

    lock  stack.json  processes/  logs/  kafka/  mlflow/  config.git/  lake/  work/  secrets/
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from evermodel.common.kernel.errors import Misconfigured
from evermodel.common.messaging.kafka_admin import create_topics
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.runtime.service import read
from evermodel.common.settings.http import HealthSettings
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.common.settings.loop import LoopSettings
from evermodel.embedded import broker, lock, mlflow_server, repository
from evermodel.embedded.addresses import LOOPBACK, kept_ports, require_free
from evermodel.embedded.addresses_file import Addresses, write_addresses
from evermodel.embedded.errors import NotOurs
from evermodel.embedded.findings import require_own
from evermodel.embedded.process import Command, Part, recorded, sweep
from evermodel.embedded.security import Security, connection
from evermodel.embedded.services import ROLES, Role, replicas, require_known
from evermodel.embedded.settings import (
    StackSettings,
    ask_this_machine_directly,
    inherited_environment,
)
from evermodel.embedded.slot import Standing
from evermodel.embedded.supervisor import Supervisor

_HEALTH_PORT = "EVERMODEL_HEALTH_PORT"

Say = Callable[[str], None]


class Stack:
    """A running stack."""

    def __init__(self, supervisor: Supervisor, addresses: Addresses, folder: Path) -> None:
        self._supervisor = supervisor
        self.folder = folder
        self._addresses = addresses
        self.bootstrap = addresses.bootstrap
        self.mlflow_uri = addresses.mlflow_uri
        self.repository = addresses.repository
        self.lake = addresses.lake
        self.console = addresses.console

    def kill(self, service: str) -> int:
        """End `service` (e.g. ``scorer``) as ``kill -9`` would; returns its process id."""
        return self._supervisor.kill(service)

    def standings(self) -> list[Standing]:
        """Return how every process stands."""
        return self._supervisor.standings()

    def check(self) -> None:
        """Return if its processes are still kept running; else raise what keeps them from it."""
        self._supervisor.check()

    def kafka(self, principal: str) -> KafkaSettings:
        """Return how `principal` (``common/events/access.py``) connects to its brokers."""
        return connection(self._addresses, principal)

    def log(self, service: str) -> Path:
        """Return where `service` logs."""
        return self._supervisor.log(service)


def forget(folder: Path) -> None:
    """Remove all that an earlier stack kept in `folder`, ending what it left running.

    Raises:
        NotOurs: `folder` holds something, and no stack ever ran there.
        Occupied: a supervisor holds `folder`: nothing of a running stack is removed.
    """
    folder = folder.resolve()
    if not folder.exists():
        return
    if any(folder.iterdir()) and not lock.is_marked(folder):
        raise NotOurs(f"{folder} is no state folder of a stack: name another, or remove it")
    with lock.held(folder):
        sweep(folder / "processes")
        shutil.rmtree(folder)


@contextmanager
def stack(
    folder: Path,
    *,
    models: str,
    extra_env: Mapping[str, str] | None = None,
    wanted_replicas: Mapping[str, int] | None = None,
    roles: tuple[Role, ...] = ROLES,
    say: Say = lambda _: None,
) -> Iterator[Stack]:
    """Start everything in `folder` for `models` (as ``EVERMODEL_MODELS``); end it on leaving.

    What an earlier, killed run left there is ended first. `extra_env` is for every service.

    Raises:
        Misconfigured: the environment or `wanted_replicas` cannot be followed; nothing was started.
        Occupied: another supervisor holds `folder`, or another program the console's port.
        NotAvailable: a part does not start, or one that a person brings does not answer.
    """
    folder = folder.resolve()
    own = read_environment(folder, wanted_replicas or {}, roles)
    records = folder / "processes"
    with lock.held(folder):
        # It comes first: what a killed one noted is not how things stand while its rest is ended.
        supervisor = Supervisor(records=records, clock=SystemClock())
        try:
            if left := sweep(records):
                say(f"ended {len(left)} processes that an earlier run left")
            addresses = _found(folder, supervisor, own, models=models, say=say)
            write_addresses(folder, addresses)
            environment = dict(inherited_environment())
            console_port = addresses.console.rpartition(":")[2]
            environment |= {**addresses.environment(), "EVERMODEL_CONSOLE_PORT": console_port}
            environment |= extra_env or {}
            secrets = Security(Path(addresses.secrets)) if addresses.secrets else None
            for command in commands(
                folder,
                environment=environment,
                wanted=wanted_replicas or {},
                roles=roles,
                security=secrets,
                spares=own.evermodel_spares == "on",
            ):
                supervisor.keep(command)
            yield Stack(supervisor, addresses, folder)
        finally:
            supervisor.stop()


def read_environment(
    folder: Path, wanted: Mapping[str, int], roles: tuple[Role, ...] = ROLES
) -> StackSettings:
    """Return what the environment says, looked at whole before anything starts or is removed.

    Raises:
        Misconfigured: it, or `wanted` (how many of which role), cannot be followed.
        NotAvailable: a server that it names does not answer.
        Occupied: another program holds the console's port.
    """
    ask_this_machine_directly()
    own, kafka = read(StackSettings), read(KafkaSettings)
    read(HealthSettings)  # for all services alike, though their ports are chosen here
    read(LoopSettings)
    require_known(wanted, roles)
    if own.kafka_bootstrap_servers and own.evermodel_security == "on":
        raise Misconfigured(
            "EVERMODEL_SECURITY secures the stack's own broker; a cluster of your own is secured "
            "by its owner, and spoken to by KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_*"
        )
    if not recorded(folder / "processes"):  # else they may hold it, and are ended first
        _require_port(own)
    require_own(own, kafka)
    return own


def _require_port(own: StackSettings) -> None:
    if own.evermodel_console_port:
        require_free(own.evermodel_console_port, variable="EVERMODEL_CONSOLE_PORT")


def _found(
    folder: Path, supervisor: Supervisor, own: StackSettings, *, models: str, say: Say
) -> Addresses:
    """Start the parts that are not one's own, wait for them, make the topics."""
    _require_port(own)
    security = _security(folder, own)
    parts: list[Part] = []
    for given, prepare, name in (
        (own.mlflow_tracking_uri, mlflow_server.prepare, mlflow_server.NAME),
        (own.kafka_bootstrap_servers, partial(_broker, security=security), broker.NAME),
    ):
        if not given:
            say(f"starting {name}")
            parts.append(prepare(folder / name))
            supervisor.keep(parts[-1].command, foundation=True)
    started = {part.command.name: part.address for part in parts}
    for part in reversed(parts):  # the broker first: the topics are made while MLflow starts
        supervisor.await_ready(part.command.name, part.is_ready, seconds=part.ready_seconds)
        say(f"{part.command.name} answers at {part.address}")
    bootstrap = own.kafka_bootstrap_servers or started[broker.NAME]
    _open_for_business(folder / broker.NAME, bootstrap=bootstrap, security=security)
    bare, lake = folder / "config.git", folder / "lake"
    console = own.evermodel_console_port
    console = console or kept_ports(folder / "ports.json", names=("console",))["console"]
    if not own.evermodel_lake:
        lake.mkdir(exist_ok=True)
    return Addresses(
        bootstrap=bootstrap,
        mlflow_uri=own.mlflow_tracking_uri or started[mlflow_server.NAME],
        repository=own.evermodel_config_repository or str(repository.ensure_repository(bare)),
        lake=own.evermodel_lake or str(lake),
        models=models,
        console=f"http://{LOOPBACK}:{console}",
        secrets=str(security.folder) if security else "",
        administration=broker.administration(folder / broker.NAME) if security else "",
    )


def _security(folder: Path, own: StackSettings) -> Security | None:
    """Make the stack's secrets, if it shall have any."""
    if own.evermodel_security == "off":
        return None
    folder.chmod(0o700)  # the broker asks for passwords: its files are not to be read without one
    security = Security(folder / "secrets")
    security.make(now=SystemClock().now())
    return security


def _broker(folder: Path, *, security: Security | None) -> Part:
    return broker.prepare(folder, certificates=security.certificates if security else None)


def _open_for_business(folder: Path, *, bootstrap: str, security: Security | None) -> None:
    """Make users, rights and topics, on the broker in `folder` if it is the stack's own."""
    if security is None:
        create_topics(KafkaSettings(bootstrap_servers=bootstrap))
        return
    administration = broker.administration(folder)
    security.let_in(administration)
    create_topics(security.administrator(administration))


def commands(
    folder: Path,
    *,
    environment: Mapping[str, str],
    wanted: Mapping[str, int],
    roles: tuple[Role, ...] = ROLES,
    security: Security | None = None,
    spares: bool = False,
) -> Iterator[Command]:
    """Yield the command of every replica: no two are told the same instance, folder or port.

    `spares`: what can wait may be started ahead.

    Raises:
        Misconfigured: `wanted` names no role.
    """
    for name, instance, role in replicas(wanted, roles):
        work = folder / "work" / name
        work.mkdir(parents=True, exist_ok=True)
        own = {"EVERMODEL_INSTANCE": instance, "EVERMODEL_WORK": str(work)}
        own |= security.environment(role.name) if security else {}
        if instance != "0":  # the known port is the first console's
            own["EVERMODEL_CONSOLE_PORT"] = "0"
        if _HEALTH_PORT in environment:  # one port cannot be everybody's
            own[_HEALTH_PORT] = "0"
        yield Command(
            name=name,
            arguments=role.arguments,
            environment={**environment, **own},
            log=folder / "logs" / f"{name}.log",
            can_wait=spares and role.can_wait,
        )
