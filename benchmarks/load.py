"""The real stack under load: a backlog, a steady stream, a burst; and a lifecycle beside it.

    payments ──▶ scorer ──▶ drift-windower ──▶ lake, windows      nothing lost, doubled, disordered
    events   ──▶ trainer, registrar, deployer, drift-detector     a hop all the while

A champion of a trained one's size is served: two hidden layers of 256 on fifteen features, and a
real reference to count against. *Backlog*: what lay there before anybody read on. *Steady*: the
highest of the rates tried, in shares of what the backlog was worked off at, at which the lag at
the end of the time is no greater than at its start, but for what one second brings. *Burst*: ten
times that rate, then half of it until the lag is gone. The driver publishes, looks and counts
on the same cores, so what is said is what is left of the machine.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.arrivals import arrivals, counted, given_up, kept
from benchmarks.champion import Installer
from benchmarks.commits import Commits, committed
from benchmarks.figures import Figure, Figures
from benchmarks.flood import ROWS_A_WINDOW, Flood
from benchmarks.kills import ELSEWHERE, PRINCIPAL
from benchmarks.memory import MEGABYTE, Peaks, watched
from benchmarks.pulse import Pulse, pulse
from benchmarks.timing import pause
from benchmarks.watching import EVENT_TIME
from evermodel.common.events.catalogue import LABELS, TRANSACTIONS, TRANSACTIONS_SCORED
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import parse_model
from evermodel.embedded.services import ROLES
from evermodel.embedded.stack import Stack, stack
from evermodel.playback.feed import watermarks

AMOUNTS = tuple(f"AMOUNT_{n:02d}" for n in range(13))
MODEL = """
[model]
name = "{name}"
[stream]
time = "TIME"
label = "FRAUD"
id = "ID"
entity = "CARD"
[features]
continuous = [{continuous}]
flag = ["NIGHT", "WEEKEND"]
[windows]
length = "1h"
min_rows = 1000
season = "none"
"""
AIM_ROWS, AIM_HOP = 10_000, " (aim: 200)"
LOOK_SECONDS = 0.25
#: No group's last commit lies at the end of a topic: the marker of its transaction does.
MARKERS = 4
PATIENCE_SECONDS = 3_600.0
#: A spare takes over from who dies; nobody dies here, and the cores are wanted.
NO_SPARES = tuple(replace(role, can_wait=False) for role in ROLES)


@dataclass(frozen=True, slots=True)
class Size:
    """How much: rows of the backlog, seconds of a steady rate and of a burst.

    `shares`: the rates that are tried as steady ones, of the rate at which the backlog was worked
    off, the greatest first.
    """

    backlog: int
    steady: float
    burst: float
    shares: Sequence[float]


QUICK = Size(100_000, 6.0, 1.0, (0.75, 0.5))
FULL = Size(10_000_000, 90.0, 10.0, (0.95, 0.85, 0.75, 0.65, 0.5))


def measure(*, quick: bool) -> Figures:
    """Return rates, lags, hops, memory, and what was lost."""
    size = QUICK if quick else FULL
    with TemporaryDirectory() as name, loaded(Path(name), [description()]) as bench:
        with watched(bench.up.folder / "processes") as peaks:
            backlog, rate = caught_up(bench, size.backlog)
            steady, highest = steadily(bench, rate, size)
            burst = bursting(bench, highest, seconds=size.burst)
            whole = all_of_it(bench)
        return {**backlog, **steady, **burst, **whole, **memory(peaks)}


def description(name: str = "fraud", *, features: Sequence[str] = AMOUNTS) -> str:
    """Return the text of a ``model.toml`` with these continuous features and two flags."""
    return MODEL.format(name=name, continuous=", ".join(f'"{f}"' for f in features))


@dataclass(frozen=True)
class Bench:
    """A stack under load, and the hands and eyes at it."""

    up: Stack
    broker: KafkaBroker
    groups: KafkaGroups
    models: Sequence[ModelDescription]
    flood: Flood
    commits: Commits
    pulse: Pulse
    partitions: int

    def lag(self) -> tuple[int, int]:
        """Return how many offsets the scorer has before it, and the windower."""
        ends = self.groups.ends([TRANSACTIONS.name, TRANSACTIONS_SCORED.name])
        sums = {
            topic: sum(end for at, end in ends.items() if at.topic == topic)
            for topic in (TRANSACTIONS.name, TRANSACTIONS_SCORED.name)
        }
        return (
            sums[TRANSACTIONS.name] - self.commits.offset("scorer", TRANSACTIONS.name),
            sums[TRANSACTIONS_SCORED.name]
            - self.commits.offset("drift-windower", TRANSACTIONS_SCORED.name),
        )

    def until_caught_up(self) -> tuple[float, float]:
        """Return the moments at which scorer and windower had nothing before them any more.

        Raises:
            TimeoutError: one never had.
        """
        scorer, end = None, time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            lags = self.lag()
            if scorer is None and lags[0] <= 0:
                scorer = time.perf_counter()
            if scorer is not None and lags[1] <= MARKERS * self.partitions:
                return scorer, time.perf_counter()
            pause(LOOK_SECONDS)
        raise TimeoutError(f"not caught up within {PATIENCE_SECONDS:.0f} s: {self.lag()}")


@contextmanager
def loaded(folder: Path, texts: Sequence[str]) -> Iterator[Bench]:
    """Run the stack with a champion of each model served, and everything that looks at it."""
    models = [parse_model(text, source="benchmark") for text in texts]
    files: dict[str, Path] = {
        model.name: folder / "models" / model.name / "model.toml" for model in models
    }
    for text, file in zip(texts, files.values(), strict=True):
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    with (
        stack(folder / "stack", models=str(folder / "models"), roles=NO_SPARES) as up,
        closing(KafkaBroker(up.kafka(PRINCIPAL), quiet=True)) as broker,
    ):
        Installer(broker, up.mlflow_uri, Path(up.lake), folder).install(files)
        partitions = broker.partitions(TRANSACTIONS.name)
        flood = Flood(up.kafka(PRINCIPAL), models, partitions=partitions)
        groups = KafkaGroups(up.kafka(PRINCIPAL))
        with committed(broker) as commits, pulse(up.kafka(PRINCIPAL)) as beats:
            yield Bench(up, broker, groups, models, flood, commits, beats, partitions)


def caught_up(bench: Bench, rows: int) -> tuple[Figures, float]:
    """Lay a backlog and have it worked off; return figures and the rate of the whole."""
    began = time.perf_counter()
    bench.flood.at_once(rows)
    laid = time.perf_counter()
    scorer, windower = bench.until_caught_up()
    rate = rows / (windower - began)
    hops = bench.pulse.hops(bench.commits, since=began, until=windower)
    return {
        "backlog_rows": Figure(rows, "payments"),
        "backlog_laid": Figure(rows / (laid - began), "payments/s by the driver"),
        "backlog_scored": Figure(rows / (scorer - began), "payments/s"),
        "backlog_caught_up": Figure(rate, f"payments/s to counters and lake (aim: {AIM_ROWS})"),
        **hops.figures("backlog", aim=AIM_HOP),
    }, rate


def steadily(bench: Bench, rate: float, size: Size) -> tuple[Figures, float]:
    """Return figures of the highest rate that holds, and that rate.

    Held: the lag did not grow by more than a second's payments in the last two thirds of the time.
    """
    seconds = size.steady
    for share in size.shares:
        wanted = rate * share
        began = time.perf_counter()
        bench.flood.at_rate(wanted, seconds=seconds / 3)
        before = sum(bench.lag())
        bench.flood.at_rate(wanted, seconds=seconds * 2 / 3)
        after = sum(bench.lag())
        ended = time.perf_counter()
        bench.until_caught_up()
        if after - before <= wanted:
            told = f"payments/s held (aim: {AIM_ROWS})"
            break
    else:
        told = "payments/s, the lowest rate tried: NOT held"
    hops = bench.pulse.hops(bench.commits, since=began, until=ended)
    return {
        "steady_rate": Figure(wanted, told),
        "steady_lag": Figure(after / wanted, "s behind at the end"),
        "steady_lag_grew": Figure((after - before) / wanted, f"s in {seconds * 2 / 3:.0f} s"),
        **hops.figures("steady", aim=AIM_HOP),
    }, wanted


def bursting(bench: Bench, rate: float, *, seconds: float) -> Figures:
    """Publish ten times `rate` for `seconds`; return what came of it."""
    began, before = time.perf_counter(), bench.flood.published
    bench.flood.at_rate(rate * 10, seconds=seconds)
    over, burst = time.perf_counter(), bench.flood.published - before
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(bench.lag()) > max(rate, MARKERS * bench.partitions):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the burst is not worked off: {bench.lag()} to go")
        bench.flood.at_rate(rate / 2, seconds=1.0)
    gone = time.perf_counter()
    hops = bench.pulse.hops(bench.commits, since=began, until=gone)
    return {
        "burst_rate": Figure(burst / (over - began), "payments/s published (ten times steady)"),
        "burst_worked_off": Figure(gone - over, "s after it, half the steady rate going on"),
        **hops.figures("burst", aim=AIM_HOP),
    }


def all_of_it(bench: Bench) -> Figures:
    """End every window, and hold what came out against what went in."""
    bench.until_caught_up()
    published = bench.flood.published
    end_windows(bench)
    counts, late = counted(bench.broker)
    lake, names = Path(bench.up.lake), [model.name for model in bench.models]
    found = arrivals(bench.up.kafka(PRINCIPAL), published=published, partitions=bench.partitions)
    of = f"of {published:,} payments"
    return {
        "payments": Figure(published, "payments in all"),
        **found.figures(),
        "payments_not_counted": Figure(published - counts, of),
        "payments_late": Figure(late, f"{of} after their window had closed (aim: 0)"),
        "payments_not_kept": Figure(published - sum(kept(lake, n) for n in names), of),
        "dead_letters": Figure(given_up(bench.broker, subject=ELSEWHERE), "records given up"),
    }


def end_windows(bench: Bench) -> None:
    """Tell every partition of both streams that all has been said, and wait for the windows."""
    hours = bench.flood.published // ROWS_A_WINDOW + 2
    end = EVENT_TIME + timedelta(hours=hours)
    for model, topic in product(bench.models, (TRANSACTIONS.name, LABELS.name)):
        bench.broker.publish(watermarks(topic, partitions=bench.partitions, model=model, time=end))
    deadline = time.monotonic() + 120
    while sum(counted(bench.broker)) < bench.flood.published:
        if time.monotonic() > deadline:
            return  # the figures will say what is missing
        pause(LOOK_SECONDS)


def memory(peaks: Peaks) -> Figures:
    """Return the most that each role was seen to take, and beside it what it started for a job."""
    figures = {}
    for role, own in sorted(peaks.own.items()):
        figures[f"memory_{role}"] = Figure(own / MEGABYTE, "MB at most")
        if peaks.started[role]:
            figures[f"memory_{role}_started"] = Figure(peaks.started[role] / MEGABYTE, "MB at most")
    return figures
