"""Each law is silent about a sound run, and speaks when it is broken on purpose."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.payload import Payload, Span
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.ids import EventId, ModelName
from evermodel.common.testing.rollouts import artefact, rollout_step
from evermodel.playback.journal import Journal
from tests.faults.invariants import LAWS, decides_otherwise, says_otherwise, violations
from tests.faults.observed import Answer, Commit, Observed, Row, Run, Version

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FRAUD = ModelName("fraud")


def event(payload: Payload, name: str, *, of: str | None, hours: int = 0) -> Event[Payload]:
    meta = EventMeta(
        id=EventId(name),
        type=payload.TYPE,
        source="/test",
        subject=payload.model,
        time=START + hours * HOUR,
        causation_id=None if of is None else EventId(of),
    )
    return Event(payload, meta)


def window(hour: int, *, rows: int, decided: dict[str, int]) -> TransactionsWindowed:
    return TransactionsWindowed(
        model=FRAUD,
        window=Span(start=START + hour * HOUR, end=START + (hour + 1) * HOUR),
        counters=WindowCounters(rows=rows, decided=decided),
        quality="pass",
    )


def trained(cause: str, run: str) -> ModelTrained:
    return ModelTrained(
        model=FRAUD,
        outcome="trained",
        reason="a test",
        caused_by=EventId(cause),
        champion=None,
        run_id=run,
        artefact=artefact(),
    )


def validated(by: str, version: int) -> ModelValidated:
    return ModelValidated(
        model=FRAUD,
        verdict="accepted",
        reasons=(),
        gates=(),
        trained_by=EventId(by),
        champion=None,
        version=version,
    )


def order(command: Any) -> LifecycleCommand:
    return LifecycleCommand(model=FRAUD, command=command, who="she", why="a test")


def _story() -> Observed:
    """v1 serves at once; v2 starts and is taken back; a third order is declined."""
    begun = rollout_step(
        "started", about=2, in_play=[(1, "champion", 100), (2, "challenger", 0)]
    ).model_copy(update={"desired_version": 2})
    events = (
        event(order("retrain"), "o1", of=None),
        event(window(0, rows=2, decided={}), "w0", of="p0"),
        event(trained("o1", "r1"), "t1", of="o1"),
        event(validated("t1", 1), "a1", of="t1"),
        event(rollout_step("promoted", about=1, in_play=[(1, "champion", 100)]), "s1", of="a1"),
        event(window(1, rows=1, decided={"1": 1}), "w1", of="p1"),
        event(order("retrain"), "o2", of=None),
        event(trained("o2", "r2"), "t2", of="o2"),
        event(validated("t2", 2), "a2", of="t2"),
        event(begun, "s2", of="a2"),
        event(order("retrain"), "o3", of=None),
        event(rollout_step("aborted", about=2, in_play=[(1, "champion", 100)]), "s3", of="w1"),
    )
    rows = [Row("a", START, None), Row("b", START, None), Row("c", START + HOUR, 1)]
    return Observed(
        journal=Journal(events),
        published={"fraud": {row.id: row.time for row in rows}},
        stored={"fraud": rows},
        answers={
            "o1": Answer(answer="training", reason="trains"),
            "o2": Answer(answer="training", reason="trains"),
            "o3": Answer(answer="declined", reason="paused"),
        },
        runs=[Run(model="fraud", run_id=f"r{n}", cause=f"o{n}") for n in (1, 2)],
        versions=[
            Version(model="fraud", number=n, trained_by=f"t{n}", run_id=f"r{n}") for n in (1, 2)
        ],
        champions={"fraud": 1},
        commits=[
            Commit(model="fraud", id="c1", kind="promotion", to=1, cause="a1"),
            Commit(model="fraud", id="c2", kind="promotion", to=2, cause="a2"),
            Commit(model="fraud", id="c3", kind="rollback", to=1, cause="w1"),
        ],
        desired={"fraud": 1},
        owed={"fraud": 0},
        partials=("p0", "p1"),
    )


SOUND = _story()
ROWS = SOUND.stored["fraud"]
EVENTS = SOUND.journal.events


def without(*names: str) -> Observed:
    return replace(SOUND, journal=Journal(tuple(e for e in EVENTS if e.meta.id not in names)))


def changed(name: str, make: Callable[[Any], Payload]) -> Observed:
    events = tuple(replace(e, payload=make(e.payload)) if e.meta.id == name else e for e in EVENTS)
    return replace(SOUND, journal=Journal(events))


def also(*events: Event[Payload]) -> Observed:
    return replace(SOUND, journal=Journal((*EVENTS, *events)))


def stored(*rows: Row) -> Observed:
    return replace(SOUND, stored={"fraud": rows})


def lopsided(step: RolloutStep) -> RolloutStep:
    players = tuple(v.model_copy(update={"weight": 90}) for v in step.in_play)
    return step.model_copy(update={"in_play": players})


COMMITS, RUNS, VERSIONS = SOUND.commits, SOUND.runs, SOUND.versions
NUMBER_3 = Version(model="fraud", number=3, trained_by="t2", run_id="r2")
AGAIN = Commit(model="fraud", id="c4", kind="rollback", to=1, cause="w1")
STRAY = Commit(model="fraud", id="c4", kind="promotion", to=2, cause="another")

#: What is planted, and the words of the law that must find it.
PLANTED: dict[str, tuple[str, Observed]] = {
    "a row was lost": ("transaction c is not in the lake", stored(*ROWS[:2])),
    "a row was written twice": ("c lies in the lake 2 times", stored(*ROWS, ROWS[2])),
    "a row came from nowhere": ("nobody published", stored(*ROWS, Row("d", START, None))),
    "a window counts a row twice": (
        "counts 1 rows of 1 too many",
        changed("w1", lambda _: window(1, rows=2, decided={"1": 2})),
    ),
    "a window leaves a row out": (
        "1 rows are in no window's counters",
        changed("w0", lambda _: window(0, rows=1, decided={})),
    ),
    "a row that came in order is called late": (
        "1 rows came after their window had closed",
        changed("w1", lambda w: w.model_copy(update={"late_rows": 1})),
    ),
    "a row is counted for another version": (
        "counts 1 rows of 2 too many",
        changed("w1", lambda _: window(1, rows=1, decided={"2": 1})),
    ),
    "two windows overlap": (
        "two windows",
        also(event(window(1, rows=0, decided={}), "w", of="p1")),
    ),
    "an alarm is forgotten": ("neither", replace(SOUND, answers={})),
    "an alarm is forgotten without a word": (
        "neither a training nor a reason",
        replace(SOUND, answers={**SOUND.answers, "o3": Answer(answer="declined", reason="")}),
    ),
    "an alarm is trained for twice": ("2 times", also(event(trained("o2", "r3"), "t3", of="o2"))),
    "an alarm is declined and trained for": (
        "was declined, and trained for",
        replace(SOUND, answers={**SOUND.answers, "o2": Answer(answer="declined", reason="no")}),
    ),
    "nobody asked for a training": (
        "asked for no training and has one",
        also(event(trained("w1", "r3"), "t3", of="w1")),
    ),
    "a training made two runs": (
        "run r9 of fraud for o2 is there 1 times, not 0",
        replace(SOUND, runs=[*RUNS, Run(model="fraud", run_id="r9", cause="o2")]),
    ),
    "a run is gone": ("run r2 of fraud for o2 is missing", replace(SOUND, runs=RUNS[:1])),
    "a training has no verdict": ("training t2 has 0 verdicts", without("a2")),
    "a training made two versions": (
        "version 3 of fraud for t2 is there 1 times",
        replace(SOUND, versions=[*VERSIONS, NUMBER_3]),
    ),
    "a version is gone": ("version 2 of fraud", replace(SOUND, versions=VERSIONS[:1])),
    "numbers have a gap": ("numbered [1, 3]", replace(SOUND, versions=[VERSIONS[0], NUMBER_3])),
    "a promotion is not in Git": (
        "no commit is the promotion of fraud to v1",
        replace(SOUND, commits=COMMITS[1:]),
    ),
    "a rollback is not in Git": (
        "no commit is the rollback of fraud to v1",
        replace(SOUND, commits=COMMITS[:2]),
    ),
    "a rollback was committed twice": ("2 commits", replace(SOUND, commits=[*COMMITS, AGAIN])),
    "a commit has no step": ("no step led to", replace(SOUND, commits=[*COMMITS, STRAY])),
    "weights do not sum": ("gives the weights [90]", changed("s1", lopsided)),
    "Git is owed a rollback": ("Git is owed 1 changes", replace(SOUND, owed={"fraud": 1})),
    "Git wants another version": ("Git wants v2", replace(SOUND, desired={"fraud": 2})),
    "a rollout that Git does not want": ("which Git does not want", without("s3")),
    "the registry has another champion": (
        "champion is v2",
        replace(SOUND, champions={"fraud": 2}),
    ),
    "a cause is gone": ("follows from a2", without("a2")),
    "a window follows from nothing": ("follows from p1", replace(SOUND, partials=("p0",))),
    "an event came twice": ("event s3 came 2 times", also(EVENTS[-1])),
    "a partial came twice": ("event p0 came 2", replace(SOUND, partials=("p0", "p0", "p1"))),
    "a message was given up": ("given up: poison", replace(SOUND, dead_letters=["poison"])),
}


def test_no_law_is_broken_by_a_sound_run() -> None:
    assert violations(SOUND) == {}


@pytest.mark.parametrize("plant", PLANTED)
def test_what_is_planted_is_found(plant: str) -> None:
    words, run = PLANTED[plant]
    assert [said for problems in violations(run).values() for said in problems if words in said]


def test_every_law_has_been_seen_to_speak() -> None:
    spoken = {name for _, run in PLANTED.values() for name in violations(run)}
    assert spoken == {law.__name__ for law in LAWS}


def test_a_version_taken_back_before_git_heard_of_it_needs_no_commit() -> None:
    assert violations(replace(SOUND, commits=COMMITS[:1])) == {}


def test_late_rows_that_a_window_owns_up_to_are_not_lost() -> None:
    run = changed(
        "w1", lambda w: w.model_copy(update={"counters": WindowCounters(rows=0), "late_rows": 1})
    )
    assert violations(run).keys() == {"nothing_in_order_comes_late"}


def test_a_ledger_differs_by_its_first_other_decision() -> None:
    assert decides_otherwise(SOUND, than=SOUND) == []
    (told,) = decides_otherwise(changed("a2", lambda _: validated("t2", 3)), than=SOUND)
    assert "version: 3 not 2" in told
    assert decides_otherwise(without("s3"), than=SOUND) == ["6 decisions, and 7 without the fault"]


def test_a_run_that_decides_alike_says_the_same_events() -> None:
    assert says_otherwise(SOUND, than=SOUND) == []
    random = also(event(order("resume"), "random", of=None))
    assert says_otherwise(random, than=SOUND) == [f"{order('resume').TYPE} random is new"]
    assert says_otherwise(SOUND, than=random) == [f"{order('resume').TYPE} random is not there"]
