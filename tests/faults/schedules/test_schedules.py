"""Whatever strikes a service, wherever it stands: nothing is lost, doubled or decided otherwise.

The whole loop over the in-memory broker, with a simulated clock. A schedule is a story, up to four
faults at named points, and the order in which services have their turns; what fails is shrunk.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.faults.invariants import violations
from tests.faults.schedules.mischief import Fault, service_of
from tests.faults.schedules.schedule import (
    Schedule,
    broken,
    kinds_at,
    points,
    schedules,
    undisturbed,
)
from tests.faults.schedules.story import PROMOTED, STORIES, TAKEN_BACK, Story
from tests.faults.schedules.telling import Told, tell

Record = Callable[[str, object], None]

SEEDS, SCHEDULES_A_SEED = range(1, 12), 100
#: The writers of runs, versions and commits, and how often both stories are told to them.
WRITERS, ROUNDS = ("trainer", "registrar", "deployer"), 8
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

FAULT = "a process is killed, hangs and comes back, meets a bug or a system that is away"
PROMISE = (
    "each transaction in one window and one row, each alarm answered once, one run and version a "
    "training, one commit a change, Git wants what serves and is owed nothing; where no bug or cut "
    "of Git changed what a decision rests on, also: nothing given up, and the ledger as if nothing "
    "had struck. Excused: the run of a trainer that was frozen while another told its training as "
    "failed"
)


def test_every_law_holds_where_nothing_strikes() -> None:
    for story in STORIES:
        assert violations(undisturbed(story).observed) == {}
        assert broken(story, undisturbed(story)) == {}


def test_the_stories_have_everything_that_a_law_is_about() -> None:
    kinds = {commit.kind for commit in undisturbed(TAKEN_BACK).observed.commits}
    assert kinds == {"promotion", "rollback"}
    assert len(undisturbed(PROMOTED).observed.versions) == 2
    assert len(undisturbed(TAKEN_BACK).observed.runs) == 4


@pytest.mark.guarantee(
    "schedules",
    fault=f"{FAULT}: a fixed sample of schedules",
    promise=PROMISE,
    seen="the same ledger_sha256 in summary.json as without the fault",
)
def test_nothing_is_lost_or_doubled_whatever_strikes(record_property: Record) -> None:
    tally = Tally()

    @settings(max_examples=80, derandomize=True, suppress_health_check=SLOW)
    @given(schedules())
    def strike(schedule: Schedule) -> None:
        tally.hold(*schedule)

    strike()
    tally.write(record_property)


@pytest.mark.whole
@pytest.mark.timeout(2000)
@pytest.mark.guarantee(
    "schedules",
    fault=f"{FAULT}: 1,000 schedules by seed, every named point",
    promise=PROMISE,
    seen="the same ledger_sha256 in summary.json as without the fault",
)
def test_a_thousand_schedules_break_no_law_and_reach_every_point(record_property: Record) -> None:
    tally = Tally()
    for number in SEEDS:

        @seed(number)
        @settings(max_examples=SCHEDULES_A_SEED, database=None, suppress_health_check=SLOW)
        @given(schedules())
        def strike(schedule: Schedule) -> None:
            tally.hold(*schedule)

        strike()
    record_property("seeds", f"{SEEDS[0]} to {SEEDS[-1]}")
    tally.write(record_property)
    assert tally.schedules >= 1000
    struck = {fault.point for fault in tally.struck}
    assert set(points()) - struck == set(), "a point that nothing ever struck proves nothing"


@pytest.mark.whole
@pytest.mark.timeout(2000)
@pytest.mark.guarantee(
    "schedules",
    fault="every service is killed before each of its commits: 1,000 events and more are delivered "
    "again to trainer, registrar and deployer",
    promise="no duplicate run, version or commit, and the same decisions",
    seen="the same ledger_sha256 in summary.json as without the fault",
)
def test_a_thousand_redeliveries_double_nothing(record_property: Record) -> None:
    again, kills = 0, 0
    for order in range(ROUNDS):
        for story in STORIES:
            told = tell(story, _kills_before_each_commit(story), seed=order)
            assert broken(story, told) == {}
            again += sum(told.again[service] for service in WRITERS)
            kills += len(told.mischief.struck)
    record_property("redeliveries", again)
    record_property("kills", kills)
    assert again >= 1000


def _kills_before_each_commit(story: Story) -> list[Fault]:
    """Kill at every other commit of everyone: the one between is the same again, and succeeds."""
    reached = undisturbed(story).mischief.reached
    commits = {point: n for point, n in reached.items() if point.endswith("@committing")}
    return [Fault(p, 2 * nth - 1, "crash") for p, n in commits.items() for nth in range(1, n + 1)]


class Tally:
    """What struck, over many schedules."""

    def __init__(self) -> None:
        self.schedules = 0
        self.struck: list[Fault] = []

    def hold(self, story: Story, faults: Sequence[Fault], order: int) -> None:
        """Tell the story under the schedule and hold it to every law."""
        told: Told = tell(story, faults, seed=order)
        self.schedules += 1
        self.struck += told.mischief.struck
        assert broken(story, told) == {}

    def write(self, record_property: Record) -> None:
        """Say how many schedules there were, and what struck where."""
        record_property("schedules", self.schedules)
        record_property("faults", len(self.struck))
        record_property("by kind", _said(Counter(f.kind for f in self.struck)))
        record_property("by service", _said(Counter(service_of(f.point) for f in self.struck)))
        record_property("points struck", len({f.point for f in self.struck}))
        record_property("points", len(points()))
        record_property("cells", len({(f.point, f.kind) for f in self.struck}))
        record_property("all cells", sum(len(kinds_at(point)) for point in points()))


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
