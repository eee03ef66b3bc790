"""Stories with planted faults, each played once and judged by the laws of ``invariants``."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl
import pytest

from evermodel.playback.journal import journal_of
from evermodel.playback.ledger import digest
from evermodel.playback.source import Table, read_frame
from evermodel.twin.replay import Span
from evermodel.twin.replay import play as play_in_twin
from tests.e2e.small_bank import MOVED, STILL, brought, neighbour
from tests.faults.crash.bed import PHASES, SKEW, Came, forget, told
from tests.faults.crash.points import ACTIONS, Action, Spot, spots
from tests.faults.crash.stack_observed import observed
from tests.faults.invariants import violations

#: The short story strikes at one spot in so many.
_SAMPLE = 3

Plan = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Verdict:
    """What the laws say of a story. `undecided`: models that decided otherwise than untouched."""

    fired: frozenset[str]
    broken: Mapping[str, list[str]]
    otherwise: tuple[str, ...]
    restarts: int
    seconds: float


#: What each cell of the matrix proves, whichever file plays its column.
at_every_point = pytest.mark.guarantee(
    "crash",
    fault="{action} · {spot}",
    promise="every law holds, and every decision is that of a run to which nothing was done",
)

Judge = Callable[[Action | None], Verdict]
Record = Callable[[str, object], None]


@cache
def tables() -> tuple[Table, ...]:
    """Return the three banks' payments, each with an id, so that each can be looked for."""
    return (*(neighbour(name) for name in MOVED), _with_ids(STILL))


def _with_ids(name: str) -> Table:
    frame, model = brought(name)
    stream = model.stream.model_copy(update={"id": "NUMBER"})
    return read_frame(
        frame.with_columns(pl.int_range(len(frame)).alias("NUMBER")),
        model=model.model_copy(update={"stream": stream}),
        name=name,
    )


def planned(action: Action) -> Plan:
    """Return the plan of a story with `action` at every spot."""
    return {spot.name: _planted(spot, action, number) for number, spot in enumerate(spots())}


def sampled() -> Plan:
    """Return the plan of a short story: one spot in `_SAMPLE`, the four faults by turns."""
    return {
        spot.name: _planted(spot, ACTIONS[number // _SAMPLE % len(ACTIONS)], number)
        for number, spot in enumerate(spots())
        if number % _SAMPLE == 0
    }


def _planted(spot: Spot, action: Action, number: int) -> Mapping[str, object]:
    if spot.when != "with":  # an effect: met when it is first due
        return {"action": action, "phase": 0, "nth": 1}
    if spot.role == "registrar":  # hears of little, and only from the first training on
        return {"action": action, "phase": 1, "nth": 1}
    return {"action": action, "phase": number % len(PHASES), "nth": 1 + number % 2}


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The decisions on a model when nothing is done to anybody, as the twin makes them."""

    @cache
    def decisions(name: str) -> str:
        (table,) = (table for table in tables() if table.model.name == name)
        (said,) = play_in_twin([table], tmp_path_factory.mktemp(name), span=Span(fault=SKEW))
        return str(said.content["ledger_sha256"])

    return decisions


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory, untouched: Callable[[str], str]) -> Judge:
    """Play the story with one action at every spot (None: the sample), once, and judge it."""

    def play(action: Action | None) -> Verdict:
        folder, began = tmp_path_factory.mktemp("story"), time.monotonic()
        banks = tables() if action else tables()[:1]
        plan = planned(action) if action else sampled()
        with (
            pytest.MonkeyPatch.context() as patch,
            told(folder, banks, plan, monkeypatch=patch) as came,
        ):
            seconds = time.monotonic() - began
            verdict = verdict_on(came, banks, untouched, seconds=seconds)
        forget(folder)
        return verdict

    @cache
    def played(action: Action | None) -> Verdict | Exception:
        try:
            return play(action)
        except Exception as error:  # noqa: BLE001  # each cell fails by it; none plays it again
            return error

    def judge(action: Action | None) -> Verdict:
        verdict = played(action)
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    return judge


def verdict_on(
    came: Came, banks: Sequence[Table], untouched: Callable[[str], str], *, seconds: float
) -> Verdict:
    """Return what the laws say of `came`."""
    journal, names = journal_of(came.played.records), [table.model.name for table in banks]
    return Verdict(
        fired=came.fired,
        broken=violations(observed(came, banks)),
        otherwise=tuple(n for n in names if digest(journal.of(n)) != untouched(n)),
        restarts=sum(came.restarts.values()),
        seconds=seconds,
    )


def holds(judged: Judge, action: Action, spot: Spot, record_property: Record) -> None:
    """Require that the story came to `spot`, and that nothing shows of it; record what was met."""
    record_property("action", action)
    record_property("role", spot.role)
    record_property("point", f"{spot.when} {spot.point}")
    verdict = judged(action)
    record_property("story_seconds", round(verdict.seconds))
    record_property("story_restarts", verdict.restarts)
    assert spot.name in verdict.fired, f"the story never came to {spot}"
    assert not verdict.broken
    assert not verdict.otherwise, "other decisions than of the undisturbed run"
