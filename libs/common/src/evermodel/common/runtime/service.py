"""Runs one service as a process: signals, the order of start and stop, exit codes.

Owns what happens around the loop. Must never know what the service does.

    wiring -> health server -> loop ... signal -> last commit -> wiring closed -> children ended

From the signal, or the error that ends the loop, to the end it takes no longer than
``ending.END_SECONDS``. The loop and its broker are never closed: who calls `start` or `run_service`
then leaves by ``ending.leave``, which says why.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from types import FrameType
from typing import TypeVar

from pydantic import ValidationError

from evermodel.common.kernel.errors import Fatal, Misconfigured, is_exhausted
from evermodel.common.kernel.redaction import redact
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.faultpoints import FaultPoint, nowhere
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.ports import BrokerUnavailable, Fenced
from evermodel.common.observability.health import health_server
from evermodel.common.observability.logs import configure_logs
from evermodel.common.runtime.ahead import WAIT, take_job
from evermodel.common.runtime.bounded import end_watched
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.runtime.ending import end_in_time, ended_by_signals, kept_to_the_end
from evermodel.common.settings.http import HealthSettings
from evermodel.common.settings.libraries import MLFLOW_CLIENT, TELEMETRY_OFF
from evermodel.common.settings.process import ProcessSettings, ServiceSettings

#: 0 stopped as asked · 1 ``Fatal``, a bug, or an end that took too long · 2 a setting, or a file
#: that one names, is missing or wrong · 3 a system it needs does not answer, or the machine lacks
#: something · 4 fenced.
STOPPED, FAILED, MISCONFIGURED, UNAVAILABLE, FENCED = 0, 1, 2, 3, 4

#: Without a turn of the loop this long, ``/healthz`` says no: above the longest handler.
STUCK_SECONDS = 60.0

_LOG = logging.getLogger(__name__)


S = TypeVar("S", bound=ServiceSettings)
T = TypeVar("T")


def start(
    settings: Callable[[], S],
    wire: Callable[[S], AbstractContextManager[ServiceSpec]],
    *,
    arguments: list[str],
    prepare: Callable[[S], object] | None = None,
) -> int:
    """Read the settings, wire the service and run it; return the process's exit code.

    With `WAIT` as the last of its `arguments` it is a spare, which a supervisor keeps beside the
    one that works: everything is imported, `prepare` imports what is imported late, and it goes on
    when its standard input says so. Until then it has spoken to nobody.
    """

    def run() -> int:
        told = read(settings)
        if arguments[-1:] == [WAIT]:
            take_job(prepare=partial(prepare, told) if prepare else _nothing)
        return run_service(lambda: wire(told), settings=told)

    return explained(run)


def _nothing() -> None:
    """All is imported by now."""


def explained(run: Callable[[], int]) -> int:
    """Return what `run` returns; what a person told it wrong is a sentence each, and exit code 2.

    Whatever it will import, MLflow first of all, reports to nobody unless it is told to.
    """
    tell_imports()
    try:
        return run()
    except Misconfigured as error:
        for line in redact(str(error)).splitlines():
            sys.stderr.write(f"evermodel: {line}\n")
        return MISCONFIGURED


def tell_imports() -> None:
    """Tell what a process will import how to behave; what a person has told it stays."""
    for name, value in {**TELEMETRY_OFF, **MLFLOW_CLIENT}.items():
        os.environ.setdefault(name, value)


def read(settings: Callable[[], T]) -> T:
    """Return the settings.

    Raises:
        Misconfigured: some are missing or wrong; a line each, by the variable's name.
    """
    try:
        return settings()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        lines = (f"{'.'.join(str(part) for part in p['loc'])}: {p['msg']}" for p in problems)
        raise Misconfigured("\n".join(lines)) from error


def secrets_of(told: ProcessSettings) -> tuple[str, ...]:
    """Return what must never stand in a log line."""
    return tuple(filter(None, (told.kafka.password(), told.http.value())))


def run_service(
    service: Callable[[], AbstractContextManager[ServiceSpec]],
    *,
    settings: ServiceSettings,
    at: FaultPoint = nowhere,
) -> int:
    """Run `service` until SIGTERM or SIGINT; return the process's exit code.

    `service` makes the adapters and the spec, e.g. ``lambda: wire(settings)``.
    """
    health, secrets = settings.health, secrets_of(settings)
    configure_logs(service="evermodel", level=health.log_level, secrets=secrets)
    try:
        with stop_signals() as stopping, ExitStack() as stack:
            spec = stack.enter_context(service())
            configure_logs(service=spec.name, level=health.log_level, secrets=secrets)
            _run(spec, settings, at, stopping, stack)
    except (Fatal, Exception) as error:  # noqa: BLE001  # the process ends here, and says why
        return _say_why(error)
    finally:
        end_watched()
    return STOPPED


def _say_why(error: BaseException) -> int:
    """Write down what ended the process; return its exit code."""
    match error:
        case Fenced():
            code, why = FENCED, f"fenced: {error}"
        case BrokerUnavailable():
            code, why = UNAVAILABLE, str(error)
        case Fatal():
            code, why = FAILED, f"stopped for safety: {error}"
        case Misconfigured():
            code, why = MISCONFIGURED, str(error)
        case OSError() if is_exhausted(error):
            code, why = UNAVAILABLE, f"the machine has not enough: {error}"
        case OSError() if error.filename is not None:
            code, why = MISCONFIGURED, f"{error.filename}: cannot be used: {error.strerror}"
        case _:
            _LOG.critical("stopped by a bug", exc_info=error)
            return FAILED
    _LOG.critical("%s", why)
    return code


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and SIGINT set while the block runs."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with ended_by_signals():
            yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(  # the parts of one process, named where they are made
    spec: ServiceSpec,
    settings: ServiceSettings,
    at: FaultPoint,
    stopping: threading.Event,
    stack: ExitStack,
) -> None:
    clock, broker = SystemClock(), KafkaBroker(settings.kafka, at=at)
    loop = kept_to_the_end(Loop(spec, broker=broker, clock=clock, settings=settings.loop, at=at))
    health = settings.health
    if health.port is not None:
        port = stack.enter_context(
            health_server(
                host=health.host,
                port=health.port,
                metrics=spec.metrics,
                healthy=lambda: clock.monotonic() - loop.turned_at < STUCK_SECONDS,
                ready=lambda: loop.is_ready,
                token=settings.http.guard(health.host, variable="EVERMODEL_HEALTH_HOST"),
            )
        )
        _LOG.info("health on port %s", port)
    _LOG.info("%s starts as instance %s", spec.name, settings.loop.instance)
    tell_started(health)
    with _settled(loop):
        loop.run(until=stopping.is_set)
        _LOG.info("stopping")


def tell_started(health: HealthSettings) -> None:
    """Make the file that says that this process works, if one is asked for."""
    if health.started_file is not None:
        try:
            health.started_file.touch()
        except OSError as error:  # it works all the same
            _LOG.warning("EVERMODEL_STARTED_FILE cannot be made: %s", error)


@contextmanager
def _settled(loop: Loop) -> Iterator[None]:
    """Commit what `loop` has gathered when the block ends, undo it when it fails."""
    went_well = False
    try:
        yield
        went_well = True
    finally:
        end_in_time()  # committing may hang where working did
        loop.settle(commit=went_well)
