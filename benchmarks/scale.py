"""Much of one thing at a time: models, features of one, partitions, replicas that come and go.

*Models*: many in one installation, each with a champion, payments and a window of its own.
*Features*: of one model; how large its records become, of which the largest decides. *Partitions*
and *replicas*: the data topics have many; beside scorer and windower one and then two more are
started while payments flow, and ended again. A standstill is the longest time in which some
partition saw no commit, from the start of a replica until it has long worked, or from its end.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.arrivals import windows_of
from benchmarks.figures import Figure, Figures
from benchmarks.load import (
    NO_SPARES,
    Bench,
    all_of_it,
    caught_up,
    description,
    loaded,
    memory,
)
from benchmarks.memory import watched
from evermodel.common.events.catalogue import CATALOGUE, TRANSACTIONS, TRANSACTIONS_SCORED
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.embedded.addresses_file import read_addresses
from evermodel.embedded.process import Child, Command
from evermodel.embedded.stack import commands

#: Who comes and goes, and what it reads.
COMING = {"scorer": TRANSACTIONS.name, "drift-windower": TRANSACTIONS_SCORED.name}
WIDE = tuple(topic for topic in CATALOGUE if topic.is_wide)
_STARTED = b"starts as instance"
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each, how many payments, and seconds of traffic after each coming or going."""

    models: int
    features: int
    partitions: int
    replicas: int
    payments: int
    settled: float


QUICK = Size(10, 500, 64, 1, 10_000, 10.0)
FULL = Size(100, 500, 64, 2, 200_000, 30.0)


def measure(*, quick: bool) -> Figures:
    """Return what many models, features, partitions and replicas cost, and what was lost."""
    size = QUICK if quick else FULL
    return {**many_models(size), **many_features(size), **many_partitions(size)}


def many_models(size: Size) -> Figures:
    """Return how an installation of many models starts, and what it takes."""
    texts = [description(f"model-{number:03d}") for number in range(size.models)]
    began = time.perf_counter()
    with TemporaryDirectory() as name, loaded(Path(name), texts) as bench:
        served = time.perf_counter() - began
        with watched(bench.up.folder / "processes") as peaks:
            figures = worked_off(bench, size.payments)
        closed = {window.model for window in windows_of(bench.broker) if window.counters.rows}
    return prefixed(
        "models",
        {
            "number": Figure(size.models, "models"),
            "served_after": Figure(served, "s from nothing until every champion is served"),
            "with_a_closed_window": Figure(len(closed), f"of {size.models} models"),
            **figures,
            **memory(peaks),
        },
    )


def many_features(size: Size) -> Figures:
    """Return how large the records of a model of many features become."""
    text = description(features=[f"AMOUNT_{number:03d}" for number in range(size.features)])
    with TemporaryDirectory() as name, loaded(Path(name), [text]) as bench:
        with watched(bench.up.folder / "processes") as peaks:
            figures = worked_off(bench, size.payments)
        largest = largest_records(bench)
    return prefixed(
        "features",
        {"number": Figure(size.features, "features"), **largest, **figures, **memory(peaks)},
    )


def many_partitions(size: Size) -> Figures:
    """Return how a busy installation of many partitions takes replicas that come and go."""
    with (
        TemporaryDirectory() as name,
        told(EVERMODEL_DATA_PARTITIONS=str(size.partitions)),
        loaded(Path(name), [description()]) as bench,
        watched(bench.up.folder / "processes") as peaks,
    ):
        figures, rate = caught_up(bench, size.payments)
        moved = coming_and_going(bench, size, rate=rate / 3)
        whole = all_of_it(bench)
    number = Figure(bench.partitions, "partitions of each data topic")
    return prefixed("partitions", {"number": number, **moved, **figures, **whole, **memory(peaks)})


def coming_and_going(bench: Bench, size: Size, *, rate: float) -> Figures:
    """Start replicas one after the other and end them again, while payments flow."""
    figures: dict[str, Figure] = {}
    began, there = time.perf_counter(), defaultdict[int, list[Child]](list)
    bench.flood.at_rate(rate, seconds=size.settled)
    figures |= standstills(bench, "alone", since=began)
    for number in range(1, size.replicas + 1):
        began = time.perf_counter()
        for command in replicas(bench, number):
            there[number].append(Child(command, records=bench.up.folder / "processes"))
            until_started(bench, command, rate=rate)
        bench.flood.at_rate(rate, seconds=size.settled)
        figures |= standstills(bench, f"{number + 1}_replicas", since=began)
    for number in reversed(range(1, size.replicas + 1)):
        began = time.perf_counter()
        for child in there[number]:
            child.terminate()
        bench.flood.at_rate(rate, seconds=size.settled)
        for child in there[number]:
            child.stop()
        figures |= standstills(bench, f"back_to_{number}", since=began)
    return figures


def worked_off(bench: Bench, payments: int) -> Figures:
    """Return figures of a backlog, and what was lost of it."""
    figures, _ = caught_up(bench, payments)
    return {**figures, **all_of_it(bench)}


def standstills(bench: Bench, name: str, *, since: float) -> Figures:
    """Return the longest time without a commit of some partition since then."""
    now = time.perf_counter()
    return {
        f"standstill_{name}_{group}": Figure(
            bench.commits.standstill(group, topic, since=since, until=now),
            f"s at most, of {now - since:.0f} s",
        )
        for group, topic in COMING.items()
    }


def replicas(bench: Bench, number: int) -> list[Command]:
    """Return the commands of replica `number` of each role that comes."""
    addresses = read_addresses(bench.up.folder)
    if addresses is None:
        raise RuntimeError("the stack has written no addresses down")
    own = {**dict(os.environ), **addresses.environment()}  # noqa: TID251  # as the stack's services
    wanted = dict.fromkeys(COMING, number + 1)
    found = commands(bench.up.folder, environment=own, wanted=wanted, roles=NO_SPARES)
    names = {f"{role}-{number}" for role in COMING}
    return [command for command in found if command.name in names]


def until_started(bench: Bench, command: Command, *, rate: float) -> None:
    """Let payments flow until the replica works.

    Raises:
        TimeoutError: it never does.
    """
    end = time.monotonic() + _START_SECONDS
    while _STARTED not in command.log.read_bytes():
        if time.monotonic() > end:
            raise TimeoutError(f"{command.name} does not start: see {command.log}")
        bench.flood.at_rate(rate, seconds=0.2)


def largest_records(bench: Bench) -> Figures:
    """Return the largest record of each topic that grows with features."""
    records = read_whole(bench.broker, partitions_of(bench.broker, [topic.name for topic in WIDE]))
    sizes: dict[str, int] = defaultdict(int)
    for record in records:
        sizes[record.topic] = max(sizes[record.topic], len(record.value or b""))
    return {
        f"largest_{topic.name}": Figure(sizes[topic.name], f"bytes (of {topic.record_bytes:,})")
        for topic in WIDE
    }


def prefixed(name: str, figures: Mapping[str, Figure]) -> Figures:
    """Return `figures` as those of `name`."""
    return {f"{name}_{key}": figure for key, figure in figures.items()}


@contextmanager
def told(**variables: str) -> Iterator[None]:
    """Say `variables` to whatever is started in the block."""
    before = {name: os.environ.get(name) for name in variables}  # noqa: TID251  # as a person would
    os.environ.update(variables)  # noqa: TID251
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]  # noqa: TID251
            else:
                os.environ[name] = value  # noqa: TID251
