"""The demo's traffic at speed for half an hour and more, with a trouble each minute.

    payments ──▶ the stack ◀── the first third: every service, the broker: kill -9, in turn
                            ◀── thereafter: MLflow hangs, is slow, is cut off, Git is away for ten
                                seconds each; every service, the broker stop for four

Played window by window, each to rest, as the demo plays. Looked at all the while: resident memory,
open handles and threads of every process, topics on disk, how far services are behind. Nothing is
killed after the first third, so that each process grows old: who is killed every few minutes is
always young, and what a process takes while it warms up looks like growth. *Flat*: the slope over
age, once grown, is below a bound that is said in ``flatness``. At the end every payment must be in
the lake once and in one window, no event twice, each event's cause be there, each training have one
run; and nothing may have been given up.

The network to MLflow is cut, not that to Kafka: clients go where the broker says it is. The quick
form takes two minutes, makes a trouble every eight seconds, and is too short for slopes.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.asking import asking
from benchmarks.demo import MODEL, training_seconds
from benchmarks.figures import Figure, Figures
from benchmarks.flatness import verdicts
from benchmarks.plot import write_plot
from benchmarks.samples import sampled
from benchmarks.story_without_end import windows
from benchmarks.timing import pause
from benchmarks.troubles import KILL, disturbances, kills, timetable, troubled
from evermodel.common.events.access import OPERATOR, UPSTREAM
from evermodel.common.events.catalogue import DEAD_LETTERS, LABELS
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_groups import KafkaGroups
from evermodel.common.messaging.ports import BrokerUnavailable
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing
from evermodel.common.models.description import ModelDescription
from evermodel.common.models.file import read_model
from evermodel.common.runtime.clock import SystemClock
from evermodel.demo.play import LOCKSTEP
from evermodel.demo.watching import HANDLED, STATES, Watcher
from evermodel.embedded.addresses import LOOPBACK, kept_ports
from evermodel.embedded.stack import Stack, stack
from evermodel.playback.feed import Window, first_order, watermarks
from evermodel.playback.givenup import given_up
from evermodel.playback.journal import journal_of
from evermodel.playback.scored import read_scored, tally_of
from tests.faults.invariants import each_cause_exists, no_event_comes_twice, weights_sum_to_100
from tests.faults.observed import Observed
from tests.faults.proxy import Proxy, proxied

MINUTES, QUICK_MINUTES = 30.0, 2.0
TROUBLE_SECONDS, QUICK_TROUBLE_SECONDS = 60.0, 8.0
LOOK_SECONDS = 5.0
#: After the last trouble: what was under way is over, and what was put off is made up for.
REST_SECONDS = 20.0
FOLLOWED = sorted({*STATES, *(topic for topics in HANDLED.values() for topic in topics)})
PLOT = Path(__file__).parent / "results" / "soak.svg"


def measure(*, quick: bool, minutes: float | None = None) -> Figures:
    """Return what was done, what was lost, and whether anything grew; the long form draws it."""
    lasts = 60 * (minutes or (QUICK_MINUTES if quick else MINUTES))
    every = QUICK_TROUBLE_SECONDS if quick else TROUBLE_SECONDS
    with (
        TemporaryDirectory() as name,
        running(Path(name)) as (up, proxy),
        closing(asking(up.kafka(OPERATOR), FOLLOWED)) as groups,
    ):
        looking = partial(_lag, groups)
        with sampled(up.folder, every_seconds=LOOK_SECONDS, lag=looking) as samples:
            strokes = timetable(
                kills(up), disturbances(up, proxy), lasts=lasts, every_seconds=every
            )
            with troubled(strokes, samples=samples) as done:
                played = play(up, until=time.monotonic() + lasts)
            pause(REST_SECONDS)
        killed = sum(name.startswith(KILL) for name in done)
        figures = {
            "minutes": Figure(lasts / 60, "minutes"),
            "troubles": Figure(len(done), f"of {len(set(done))} kinds"),
            "windows": Figure(played.windows, "windows, each played to rest"),
            "restarts_unasked": Figure(
                sum(s.restarts for s in up.standings()) - killed,
                f"processes that ended themselves and were started again, beside {killed} kills",
            ),
            **kept_promises(up, played),
            "disk": Figure(sum(t[-1][1] for t in samples.topics.values()), "MB of topics"),
            **verdicts(samples),
        }
    if not quick:
        write_plot(samples, PLOT)
    return figures


@contextmanager
def running(folder: Path) -> Iterator[tuple[Stack, Proxy]]:
    """Run the stack with a network that can be cut between its services and MLflow."""
    own = folder / "stack"
    port = kept_ports(own / "mlflow" / "ports.json", names=("http",))["http"]
    with proxied(f"{LOOPBACK}:{port}") as proxy:
        environment = {**LOCKSTEP, "MLFLOW_TRACKING_URI": f"http://{proxy.address}"}
        with stack(own, models=str(MODEL), extra_env=environment) as up:
            if not up.mlflow_uri.endswith(f":{port}"):
                raise RuntimeError(f"MLflow is at {up.mlflow_uri}, not where the network leads")
            yield up, proxy


@dataclass(slots=True)
class Soaked:
    """What was played, and all that was said."""

    model: ModelDescription
    watcher: Watcher
    start: datetime
    published: int = 0
    windows: int = 0


def play(up: Stack, *, until: float) -> Soaked:
    """Play windows until the monotonic time `until`, each to rest."""
    model, clock = read_model(MODEL), SystemClock()
    with (
        closing(KafkaBroker(up.kafka(UPSTREAM), quiet=True)) as upstream,
        closing(KafkaBroker(up.kafka(OPERATOR), quiet=True)) as operator,
        closing(operator.reader(partitions_of(operator, FOLLOWED))) as reader,
        closing(asking(up.kafka(OPERATOR), FOLLOWED)) as groups,
    ):
        # Not `watching`: its client says on stderr twenty times a second that the broker is away.
        watcher = Watcher(groups=groups, reader=reader, clock=clock, scorers=1)
        feeds = windows(model)
        feed, window = next(feeds)
        soaked, first = Soaked(model, watcher, feed.start), feed.bootstrap_end(None)
        while time.monotonic() < until:
            upstream.publish(_records(upstream, model, window))
            soaked.published += len(window.transactions)
            soaked.windows += 1
            settle(up, soaked, window)
            if window.end == first:
                order = first_order(model.name, window.end)
                operator.publish(emissions([order], cause=None, source="/evermodel/soak"))
                settle(up, soaked, window)
            _, window = next(feeds)
        return soaked


def settle(up: Stack, soaked: Soaked, window: Window) -> None:
    """Return once all that follows from `window` has happened, whatever is away meanwhile."""
    end = time.monotonic() + 300
    while True:
        try:
            soaked.watcher.settle([soaked.model], until=window.end, tell=lambda _: up.check())
        except BrokerUnavailable:  # killed a moment ago
            if time.monotonic() > end:
                raise
            pause(0.5)
        else:
            return


def _records(broker: KafkaBroker, model: ModelDescription, window: Window) -> list[Outgoing]:
    found = [*window.transactions, *window.labels]
    for topic in (model.stream.topic, LABELS.name):
        count = _partitions(broker, topic)
        found += watermarks(topic, partitions=count, model=model, time=window.end)
    return found


def _partitions(broker: KafkaBroker, topic: str) -> int:
    end = time.monotonic() + 60
    while True:
        try:
            return broker.partitions(topic)
        except BrokerUnavailable:
            if time.monotonic() > end:
                raise
            pause(0.5)


def kept_promises(up: Stack, soaked: Soaked) -> Figures:
    """Return how many promises were broken, each of which should be none."""
    name, journal = soaked.model.name, journal_of(soaked.watcher.records)
    with closing(KafkaBroker(up.kafka(OPERATOR), quiet=True)) as broker:
        letters = read_whole(broker, partitions_of(broker, [t.name for t in DEAD_LETTERS]))
    dead = given_up(letters, model=soaked.model)
    tally = tally_of(
        read_scored(Path(up.lake), name),
        journal.of(name),
        published=soaked.published,
        given_up=dead,
    )
    run = Observed(journal=journal, published={}, stored={})
    laws = (each_cause_exists, no_event_comes_twice, weights_sum_to_100)
    broken = [problem for law in laws for problem in law(run)]
    for problem in broken[:5]:
        print(problem)
    trainings = training_seconds(up.mlflow_uri, model=name)
    steps = Counter(e.payload.action for e in journal.events if isinstance(e.payload, RolloutStep))
    return {
        "payments": Figure(soaked.published, "payments"),
        "payments_lost": Figure(tally.lost, "payments (aim: 0)"),
        "payments_doubled": Figure(tally.duplicated, "payments (aim: 0)"),
        "dead_letters": Figure(dead.letters, "records given up (aim: 0)"),
        "laws_broken": Figure(len(broken), f"times, of {len(laws)} laws (aim: 0)"),
        "trainings": Figure(len(trainings), "trainings finished"),
        "runs_too_many": Figure(_runs_too_many(up.mlflow_uri, name), "runs (aim: 0)"),
        "promotions": Figure(steps["promoted"], f"promotions of {sum(steps.values())} steps"),
    }


def _runs_too_many(mlflow: str, model: str) -> int:
    """Return how many finished runs there are beyond one for each cause."""
    from mlflow import MlflowClient  # noqa: PLC0415  # seconds, and only here

    client = MlflowClient(tracking_uri=mlflow)
    experiment = client.get_experiment_by_name(model)
    runs = [] if experiment is None else client.search_runs([experiment.experiment_id])
    causes = [run.data.tags["evermodel.caused_by"] for run in runs if run.info.status == "FINISHED"]
    return len(causes) - len(set(causes))


def _lag(groups: KafkaGroups) -> float | None:
    """Return how many offsets all groups have before them together; None: nobody answers."""
    try:
        committed = groups.committed(HANDLED)
        ends = groups.ends({topic for topics in HANDLED.values() for topic in topics})
    except BrokerUnavailable:
        return None
    return float(
        sum(
            max(ends[at] - offset, 0)
            for group, topics in HANDLED.items()
            for at, offset in committed[group].items()
            if at.topic in topics and at in ends
        )
    )
