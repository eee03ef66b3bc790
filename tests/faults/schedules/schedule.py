"""Which schedules there are, and what may not be said of a run under one.

Owns the choice of faults. Points and how often each is reached are those of the undisturbed run.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from evermodel.common.events.training import ModelTrained
from tests.faults.invariants import decides_otherwise, says_otherwise, violations
from tests.faults.observed import Observed
from tests.faults.schedules.mischief import Fault, Kind, service_of
from tests.faults.schedules.story import STORIES, Story
from tests.faults.schedules.telling import Told, tell

#: So many faults strike one run at most, and a cut or a hang lasts so many calls or days at most.
MOST_FAULTS, LONGEST = 4, 3

Schedule = tuple[Story, Sequence[Fault], int]


@cache
def undisturbed(story: Story) -> Told:
    """Return the story as it goes when nothing strikes."""
    return tell(story)


def points() -> Sequence[str]:
    """Return every named point that some story reaches."""
    return sorted({point for story in STORIES for point in undisturbed(story).mischief.reached})


def kinds_at(point: str) -> Sequence[Kind]:
    """Return what can strike at `point`: a loop's own steps raise nothing but what ends it."""
    if "@" in point:
        return ("crash", "hang")
    if ".broker." in point:
        return ("crash", "hang", "cut")
    if point == "trainer.runs.record:after":
        return ("crash", "hang", "cut")  # after a bug the training has failed, and its run is there
    if point.startswith("registrar.registry.") and not point.endswith("register:before"):
        # No hang: MLflow fences nobody, and what a frozen process asked lands late.
        return ("crash", "bug", "cut")
    return ("crash", "hang", "bug", "cut")


@st.composite
def schedules(draw: st.DrawFn, *, of: str = "") -> Schedule:
    """Draw a story, what strikes it, and in which order services have their turns.

    `of`: strikes only the service of this name.
    """
    story = draw(st.sampled_from(STORIES))
    faults = draw(st.lists(_faults(story, of), max_size=MOST_FAULTS))
    return story, faults, draw(st.integers(0, 2**16))


@st.composite
def _faults(draw: st.DrawFn, story: Story, of: str) -> Fault:
    reached = undisturbed(story).mischief.reached
    point = draw(st.sampled_from(sorted(p for p in reached if of in ("", service_of(p)))))
    nth, kind = draw(st.integers(1, reached[point])), draw(st.sampled_from(kinds_at(point)))
    length = draw(st.integers(1, LONGEST))
    if kind == "hang" and service_of(point) == "registrar":
        # MLflow's aliases fence nobody: one that was frozen over a promotion would undo its alias.
        length = 0
    return Fault(point=point, nth=nth, kind=kind, length=length)


def broken(story: Story, told: Told) -> dict[str, list[str]]:
    """Return the laws that a run of `story` breaks, by name, with what each says."""
    found = dict(violations(_without_runs_of_the_frozen(told)))
    if told.stopped:
        found["no_service_stops_by_itself"] = list(told.stopped)
    if any(_decides(fault) for fault in told.mischief.struck):
        found.pop("nothing_is_given_up", None)  # an order may find nothing to be about
        return found
    if otherwise := decides_otherwise(told.observed, than=undisturbed(story).observed):
        found["decides_as_if_nothing_had_struck"] = otherwise
    if otherwise := says_otherwise(told.observed, than=undisturbed(story).observed):
        found["says_the_same_events"] = otherwise
    return found


def _without_runs_of_the_frozen(told: Told) -> Observed:
    """Leave out runs of trainings that were told as failed, if a trainer froze and one met a bug.

    MLflow fences nobody: what froze in a training, and wakes after another has told it as failed,
    records its run. Nothing follows from that run.
    """
    struck = {fault.kind for fault in told.mischief.struck if service_of(fault.point) == "trainer"}
    if not {"bug", "hang"} <= struck:
        return told.observed
    trainings = [event.payload for event in told.observed.events(ModelTrained)]
    failed = {training.caused_by for training in trainings if training.outcome == "failed"}
    return replace(told.observed, runs=[r for r in told.observed.runs if r.cause not in failed])


def _decides(fault: Fault) -> bool:
    """Whether the fault is a fact that decisions rest on, which none that a crash makes is.

    A training that raises has failed, and is not tried again. A version that cannot be loaded
    cannot serve. While Git does not answer nothing gets weight.
    """
    service = service_of(fault.point)
    if fault.kind == "bug":
        return service in {"trainer", "scorer"}
    return fault.kind == "cut" and service == "deployer" and ".repository." in fault.point
