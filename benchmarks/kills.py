"""Every service of the real stack, killed with ``kill -9`` under its real supervisor, in turn.

    payments, events ──▶ the stack ◀── kill -9 ── next commit? ── the next service

Payments flow all the time, and ten events a second for the lifecycle services, of a model that
is another installation's: each is read and its offset committed. Measured from the kill to the
first offset that the service's group commits beyond what stood there when it was dead. The
start of what takes over is part of the time, and so is the supervisor's back-off. Each service
is killed only when the supervisor thinks it well and its spare has prepared: one killed in its
first quarter of a minute takes longer than is said here. At last the broker is killed, and it is
measured until every service has committed again, on the broker that the supervisor has started.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from benchmarks.asking import asking
from benchmarks.figures import Figure, Figures
from benchmarks.memory import MEGABYTE
from benchmarks.rollback import MODEL, TRACKING, Story
from benchmarks.timing import beside, pause
from benchmarks.watching import EVENT_TIME, Bed, command, said
from evermodel.common.events.catalogue import (
    CATALOGUE,
    LIFECYCLE_COMMANDS,
    ROLLOUT_STEP,
    TRANSACTIONS,
    TRANSACTIONS_WINDOWED,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.common.kernel.ids import ModelName
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing
from evermodel.embedded import broker as kafka
from evermodel.embedded.process import recorded
from evermodel.embedded.services import ROLES
from evermodel.embedded.slot import WELL_SECONDS
from evermodel.embedded.stack import Stack, stack

#: A service on the loop is killed; the console commits nothing.
SERVICES = tuple(role.name for role in ROLES if role.name != "console")
PRINCIPAL = "operator"
ELSEWHERE = ModelName("elsewhere")
PULSE_SECONDS = 0.1
LOOK_SECONDS = 0.01
#: A spare that needs next to no processor for this long waits.
REST_SECONDS = 0.5
#: A commit under way when the process died is through by then; no new process is.
DEAD_SECONDS = 0.05
PATIENCE_SECONDS = 120.0
AIM = "s (aim: 3)"
BROKER_AIM = "s (aim: 10)"
_STARTED = b"starts as instance"


def recoveries(*, rounds: int) -> Figures:
    """Return seconds from kill to next commit by service, each killed `rounds` times."""
    with TemporaryDirectory() as name, running(Path(name)) as (up, broker), traffic(broker):
        taken, spare = _rounds(up, rounds=rounds)
        flowing = [_flowing(up) for _ in range(rounds)]
    return {
        **figures(taken, spare=spare),
        "recovery_broker_p50": Figure(median(flowing), BROKER_AIM),
        "recovery_broker_max": Figure(max(flowing), BROKER_AIM),
    }


def figures(taken: Mapping[str, Sequence[float]], *, spare: int) -> Figures:
    """Return figures of the seconds `taken` by service, and of all spares' bytes, `spare`."""
    by_service = {
        f"recovery_{service.replace('-', '_')}_{name}": Figure(take(seconds), AIM)
        for service, seconds in taken.items()
        for name, take in (("p50", median), ("max", max))
    }
    longest = max(max(seconds) for seconds in taken.values())
    return by_service | {
        "recovery_services_max": Figure(longest, AIM),
        "recovery_spares_memory": Figure(spare / MEGABYTE, "MB"),
    }


@contextmanager
def running(folder: Path) -> Iterator[tuple[Stack, KafkaBroker]]:
    """Run the whole stack with a champion served."""
    model = folder / "model.toml"
    model.write_text(MODEL, encoding="utf-8")
    with stack(folder / "stack", models=str(model)) as up:
        for service in SERVICES:
            _until(partial(_has_started, up.log(service)), what=service)
        with closing(KafkaBroker(up.kafka(PRINCIPAL), quiet=True)) as broker:
            Story(Bed(broker, folder, {TRACKING: up.mlflow_uri})).install(1)
            yield up, broker


@contextmanager
def traffic(broker: KafkaBroker) -> Iterator[None]:
    """Publish payments and events of another installation's model all the time."""
    pulse = _pulses(broker, partitions=broker.partitions(TRANSACTIONS.name))

    def publish(over: threading.Event) -> None:
        while not over.wait(PULSE_SECONDS):
            broker.publish(next(pulse))

    with beside(publish):
        yield


def _pulses(broker: KafkaBroker, *, partitions: int) -> Iterator[Sequence[Outgoing]]:
    """Yield what is published together: something for every service."""
    known = read_whole(broker, partitions_of(broker, [ROLLOUT_STEP.name]))[-1]
    ours = decode(RolloutStep, value=known.value, headers=known.headers).payload
    step = ours.model_copy(update={"model": ELSEWHERE})
    for number in count():
        name, now = f"pulse-{number}", EVENT_TIME + timedelta(seconds=number)
        window = TransactionsWindowed.model_validate(
            {
                "model": ELSEWHERE,
                "window": {"start": now, "end": now + timedelta(seconds=1)},
                "counters": {"rows": 0},
                "quality": "pass",
            }
        )
        yield [
            *(_payment(number, partition) for partition in range(partitions)),
            command(number, topic=LIFECYCLE_COMMANDS.name),
            said(step, topic=ROLLOUT_STEP.name, event_id=f"step-{name}", time=now),
            said(window, topic=TRANSACTIONS_WINDOWED.name, event_id=f"window-{name}", time=now),
        ]


def _payment(number: int, partition: int) -> Outgoing:
    value = b'{"TIME": "2018-06-12T00:00:00", "AMOUNT": %d, "FRAUD": 0}' % number
    return Outgoing(topic=TRANSACTIONS.name, key=None, value=value, headers=(), partition=partition)


def _rounds(up: Stack, *, rounds: int) -> tuple[Mapping[str, Sequence[float]], int]:
    """Return seconds by service, and the bytes of all spares together when each was prepared."""
    spare = 0
    groups, taken = KafkaGroups(up.kafka(PRINCIPAL)), defaultdict[str, list[float]](list)
    for service in SERVICES:
        _until(partial(_has_committed, groups, service), what=service)
    for _ in range(rounds):
        _until(lambda: all(_is_well(up, service) for service in SERVICES), what="all well")
        spare = max(spare, sum(standing.spare_bytes for standing in up.standings()))
        for service in SERVICES:
            taken[service].append(_recovery(up, groups, service))
    return taken, spare


def _recovery(up: Stack, groups: KafkaGroups, service: str) -> float:
    up.kill(service)
    killed = time.perf_counter()
    pause(DEAD_SECONDS)
    before = _committed(groups, service)
    _until(lambda: _committed(groups, service) > before, what=service)
    return time.perf_counter() - killed


def _flowing(up: Stack) -> float:
    """Kill the broker; return the seconds until every service has committed again.

    Past what the new broker says first, so that nothing from before the kill counts.
    """
    topics = [topic.name for topic in CATALOGUE if topic.plane in {"data", "lifecycle"}]
    with closing(asking(up.kafka(PRINCIPAL), topics)) as groups:
        kept = dict[str, int]()
        up.kill(kafka.NAME)
        killed = time.perf_counter()
        for service in SERVICES:
            _until(partial(_is_told, groups, service, kept), what=kafka.NAME)
        for service in SERVICES:
            _until(partial(_is_past, groups, service, kept[service]), what=service)
        seconds = time.perf_counter() - killed
    _until(lambda: all(_is_well(up, service) for service in SERVICES), what="all well")
    return seconds


def _is_told(groups: KafkaGroups, group: str, kept: dict[str, int]) -> bool:
    """Note how far `group` is; return whether the broker says."""
    with suppress(BrokerUnavailable):
        kept[group] = _committed(groups, group)
    return group in kept


def _is_past(groups: KafkaGroups, group: str, offset: int) -> bool:
    with suppress(BrokerUnavailable):
        return _committed(groups, group) > offset
    return False


def _committed(groups: KafkaGroups, group: str) -> int:
    """Return how many offsets `group` is past, over all its partitions: it only grows."""
    return sum(groups.committed([group])[group].values())


def _has_committed(groups: KafkaGroups, group: str) -> bool:
    return _committed(groups, group) > 0


def _has_started(log: Path) -> bool:
    return log.exists() and _STARTED in log.read_bytes()


def _is_well(up: Stack, service: str) -> bool:
    (standing,) = (s for s in up.standings() if s.name == service)
    return standing.up.total_seconds() > WELL_SECONDS and _has_spare(up, service)


def _has_spare(up: Stack, service: str) -> bool:
    """Return whether a spare of `service` is there and has prepared."""
    pids = {record.name: record.pid for record in recorded(up.folder / "processes")}
    with suppress(KeyError, psutil.NoSuchProcess):
        return rests(psutil.Process(pids[f"{service}-spare"]))
    return False


def rests(process: psutil.Process) -> bool:
    """Return whether `process` and its children need next to no processor for `REST_SECONDS`."""
    before = _processor_seconds(process)
    pause(REST_SECONDS)
    return _processor_seconds(process) - before < REST_SECONDS / 25


def _processor_seconds(process: psutil.Process) -> float:
    times = [one.cpu_times() for one in (process, *process.children())]
    return float(sum(spent.user + spent.system for spent in times))


def _until(is_so: Callable[[], bool], *, what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {PATIENCE_SECONDS:.0f} s")
        pause(LOOK_SECONDS)
