"""The laws that hold after every run, whatever was done to it: nothing lost, nothing doubled.

Each law takes what a run left behind and returns its violations as sentences; none is good news.
Owns the laws. Must never know where what it is given was read.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import RolloutStep
from evermodel.common.events.traffic import ServingApplied
from evermodel.common.events.training import ModelTrained
from evermodel.common.events.validation import ModelValidated
from evermodel.common.events.windows import TransactionsWindowed
from evermodel.playback.ledger import ledger_of
from tests.faults.observed import Observed, Row

Law = Callable[[Observed], list[str]]

#: Steps that begin a rollout, and that take one back.
_BEGINS, _FALLS = {"started", "promoted"}, {"aborted", "rolled_back"}


def each_transaction_lies_in_the_lake_once(run: Observed) -> list[str]:
    """Every transaction given in is one row of the lake, and there is no other row."""
    found = []
    for model, published in run.published.items():
        rows = Counter(row.id for row in run.stored.get(model, ()))
        found += [f"{model}: transaction {i} is not in the lake" for i in published if not rows[i]]
        found += [
            f"{model}: transaction {i} lies in the lake {n} times" for i, n in rows.items() if n > 1
        ]
        found += [f"{model}: nobody published transaction {i}" for i in rows if i not in published]
    return found


def each_transaction_counts_in_one_window(run: Observed) -> list[str]:
    """A window's rows, by what decided them, are the lake's of its time; windows do not overlap."""
    return [problem for model in run.models for problem in _miscounted(run, model)]


def _miscounted(run: Observed, model: str) -> Iterator[str]:
    windows = sorted(
        (e.payload for e in run.events(TransactionsWindowed, model=model)),
        key=lambda w: w.window.start,
    )
    for before, after in pairwise(windows):
        if after.window.start < before.window.end:
            yield f"{model}: two windows count {after.window.start:%F %T}"
    rows = sorted(run.stored.get(model, ()), key=_time)
    missing, late = 0, sum(window.late_rows for window in windows)
    for window in windows:
        first, last = (
            bisect_left(rows, edge, key=_time) for edge in (window.window.start, window.window.end)
        )
        kept = Counter(str(row.decided_by) for row in rows[first:last])
        counted = Counter(window.counters.decided)
        counted["None"] = window.counters.rows - counted.total()
        for decider, n in (counted - kept).items():
            when = window.window.start
            yield f"{model}: window {when:%F %T} counts {n} rows of {decider} too many"
        missing += (kept - counted).total()
    if missing > late:
        yield f"{model}: {missing} rows are in no window's counters, of which {late} came late"


def _time(row: Row) -> datetime:
    return row.time


def nothing_in_order_comes_late(run: Observed) -> list[str]:
    """No row is late to its window: every story here tells its payments in order of their time."""
    return [
        f"{e.payload.model}: {e.payload.late_rows} rows came after their window had closed, says "
        f"the window {e.payload.window.start:%F %T}"
        for e in run.events(TransactionsWindowed)
        if e.payload.late_rows
    ]


def each_alarm_is_answered_once(run: Observed) -> list[str]:
    """An alarm or order to retrain has one training, or a recorded reason why there is none."""
    trainings = Counter(str(e.payload.caused_by) for e in run.events(ModelTrained))
    alarms = [e.meta.id for e in run.events(DriftDetected) if e.payload.severity == "retrain"]
    alarms += [e.meta.id for e in run.events(LifecycleCommand) if e.payload.command == "retrain"]
    found = [
        f"{cause} asked for no training and has one" for cause in trainings if cause not in alarms
    ]
    for alarm in alarms:
        answer, made = run.answers.get(alarm), trainings[alarm]
        said = answer is not None and answer.answer != "training" and bool(answer.reason)
        if made > 1:
            found.append(f"alarm {alarm} was trained for {made} times")
        elif made and said:
            found.append(f"alarm {alarm} was declined, and trained for")
        elif not made and not said:
            found.append(f"alarm {alarm} has neither a training nor a reason why not")
    return found


def each_training_made_one_run(run: Observed) -> list[str]:
    """The run store holds one finished run for each training that made a model, and no other."""
    wanted = Counter(
        _Made(e.payload.model, e.payload.run_id, e.payload.caused_by)
        for e in run.events(ModelTrained)
        if e.payload.outcome == "trained"
    )
    return _unlike(wanted, Counter(_Made(r.model, r.run_id, r.cause) for r in run.runs), "run")


def each_training_made_one_version(run: Observed) -> list[str]:
    """A training has one verdict; an accepted one is one version; numbers have no gaps."""
    trained = {e.meta.id for e in run.events(ModelTrained) if e.payload.outcome == "trained"}
    verdicts = Counter(str(e.payload.trained_by) for e in run.events(ModelValidated))
    found = [f"training {t} has {verdicts[t]} verdicts" for t in trained if verdicts[t] != 1]
    wanted = Counter(
        _Made(e.payload.model, e.payload.version, e.payload.trained_by)
        for e in run.events(ModelValidated)
        if e.payload.verdict == "accepted"
    )
    made = Counter(_Made(v.model, v.number, v.trained_by) for v in run.versions)
    found += _unlike(wanted, made, "version")
    for model in run.models:
        numbers = sorted(v.number for v in run.versions if v.model == model)
        if numbers != list(range(1, len(numbers) + 1)):
            found.append(f"{model}: the versions are numbered {numbers}")
    return found


class _Made(NamedTuple):
    """A thing of a system of record, by the event that led to it."""

    model: str
    name: str | int | None
    cause: str


def _unlike(wanted: Counter[_Made], made: Counter[_Made], kind: str) -> list[str]:
    lacking = [f"{kind} {m.name} of {m.model} for {m.cause} is missing" for m in wanted - made]
    return lacking + [
        f"{kind} {m.name} of {m.model} for {m.cause} is there {made[m]} times, not {wanted[m]}"
        for m in made - wanted
    ]


class _Change(NamedTuple):
    """What Git has to hear of: that it is to want version `to`. `about`: whose rollout it is."""

    kind: str
    model: str
    to: int
    cause: str
    about: int


def each_change_is_one_commit(run: Observed) -> list[str]:
    """One commit for each rollout that began and each that was taken back, by its cause.

    A version that was taken back before Git ever heard of it needs neither.
    """
    made = Counter((c.kind, c.model, c.to, c.cause) for c in run.commits)
    steps = {change[:4]: change for change in _changes(run)}
    heard = {(c.model, c.to) for c in run.commits if c.kind == "promotion"}
    fell = {(c.model, c.about) for c in steps.values() if c.kind == "rollback"}
    found = [f"{n} commits are {_said(key)}" for key, n in made.items() if n > 1]
    found += [f"no step led to {_said(key)}" for key in made if key not in steps]
    for key, change in steps.items():
        about = (change.model, change.about)
        if key not in made and not (about in fell and about not in heard):
            found.append(f"no commit is {_said(key)}")
    return found


def _changes(run: Observed) -> Iterator[_Change]:
    begun: set[tuple[str, int]] = set()
    for event in run.events(RolloutStep):
        step, cause = event.payload, str(event.meta.causation_id)
        rollout = (step.model, step.version)
        if step.action in _BEGINS and rollout not in begun:
            begun.add(rollout)
            yield _Change("promotion", step.model, step.version, cause, step.version)
        if step.action in _FALLS:
            begun.discard(rollout)
            yield _Change("rollback", step.model, step.stable_version, cause, step.version)


def _said(change: tuple[str, str, int, str]) -> str:
    kind, model, to, cause = change
    return f"the {kind} of {model} to v{to} for {cause}"


def weights_sum_to_100(run: Observed) -> list[str]:
    """In every step, and none is negative."""
    found = []
    for event in run.events(RolloutStep):
        weights = [v.weight for v in event.payload.in_play]
        if sum(weights) != 100 or min(weights) < 0:
            found.append(f"step {event.meta.id} gives the weights {weights}")
    return found


def git_wants_what_serves(run: Observed) -> list[str]:
    """Desired is stable, or a rollout to it is in progress."""
    return [problem for model in run.models for problem in _astray(run, model)]


def _astray(run: Observed, model: str) -> Iterator[str]:
    last = next((e.payload for e in reversed(list(run.events(RolloutStep, model=model)))), None)
    if last is None:
        return
    desired, stable = run.desired.get(model), last.stable_version
    rising = [v.version for v in last.in_play if v.role == "challenger"]
    if desired != stable and desired not in rising:
        yield f"{model}: Git wants v{desired}, v{stable} serves, and nothing is in progress"
    if rising and desired not in rising:
        yield f"{model}: v{rising[0]} is being rolled out, which Git does not want"
    champion = run.champions.get(model, stable)
    if champion != stable:
        yield f"{model}: the registry's champion is v{champion}, v{stable} serves"


def git_is_owed_nothing(run: Observed) -> list[str]:
    """Every change that Git did not take at once has reached it since."""
    return [f"{model}: Git is owed {n} changes" for model, n in run.owed.items() if n]


def each_cause_exists(run: Observed) -> list[str]:
    """Every event follows from one that is there.

    A person's order follows from nothing, and so may a window: silence closed it.
    """
    known = {e.meta.id for e in run.journal.events} | set(run.partials or ())
    found = []
    for event in run.journal.events:
        cause = event.meta.causation_id
        is_beginning = isinstance(event.payload, LifecycleCommand) or (
            isinstance(event.payload, TransactionsWindowed)
            and (run.partials is None or cause is None)
        )
        if not is_beginning and cause not in known:
            found.append(f"{event.meta.type} {event.meta.id} follows from {cause}")
    return found


def no_event_comes_twice(run: Observed) -> list[str]:
    """An id is one event's: a redelivered cause derives the same, so a doubled effect shows.

    A scorer that starts again says again what it serves, as the same event.
    """
    said = (e.meta.id for e in run.journal.events if not isinstance(e.payload, ServingApplied))
    ids = Counter([*said, *(run.partials or ())])
    return [f"event {i} came {n} times" for i, n in ids.items() if n > 1]


def nothing_is_given_up(run: Observed) -> list[str]:
    """No dead letter: what was done to the run was no fault of any message."""
    return [f"given up: {letter}" for letter in run.dead_letters]


#: All that can be asked of one run.
LAWS: tuple[Law, ...] = (
    each_transaction_lies_in_the_lake_once,
    each_transaction_counts_in_one_window,
    nothing_in_order_comes_late,
    each_alarm_is_answered_once,
    each_training_made_one_run,
    each_training_made_one_version,
    each_change_is_one_commit,
    weights_sum_to_100,
    git_wants_what_serves,
    git_is_owed_nothing,
    each_cause_exists,
    no_event_comes_twice,
    nothing_is_given_up,
)


def violations(run: Observed) -> Mapping[str, list[str]]:
    """Return what each broken law says, by its name; empty: all hold."""
    found = {law.__name__: law(run) for law in LAWS}
    return {name: problems for name, problems in found.items() if problems}


def decides_otherwise(run: Observed, *, than: Observed) -> list[str]:
    """Return the first decision in which two ledgers differ; ``ledger.digest`` is equal else."""
    mine, other = ledger_of(run.journal), ledger_of(than.journal)
    for ours, theirs in zip(mine, other, strict=False):
        if ours != theirs:
            keys = sorted(k for k in {*ours, *theirs} if ours.get(k) != theirs.get(k))
            told = ", ".join(f"{k}: {ours.get(k)} not {theirs.get(k)}" for k in keys)
            return [f"{ours['type']} of {ours['time']}: {told}"[:500]]
    if len(mine) != len(other):
        return [f"{len(mine)} decisions, and {len(other)} without the fault"]
    return []


def says_otherwise(run: Observed, *, than: Observed) -> list[str]:
    """Return how the events of two runs differ that decide alike: ids are derived, so not at all.

    Whoever answers a step says what serves, so those answers may come from other replicas.
    """
    mine, other = ({e.meta.id: e.meta.type for e in _lasting(r)} for r in (run, than))
    found = [f"{kind} {i} is not there" for i, kind in other.items() if i not in mine]
    return found + [f"{kind} {i} is new" for i, kind in mine.items() if i not in other]


def _lasting(run: Observed) -> Iterator[Event[Payload]]:
    return (e for e in run.journal.events if not isinstance(e.payload, ServingApplied))
