"""Journal, ledger and summary: one order, only decisions, the stated form."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from evermodel.common.events.codec import structured
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.payload import Payload, Span
from evermodel.common.events.rollout import RolloutStep, VersionInPlay
from evermodel.common.events.training import Artefact, ModelTrained
from evermodel.common.events.validation import GateResult, ModelValidated
from evermodel.common.events.windows import TransactionsWindowed, WindowCounters
from evermodel.common.kernel.ids import EpisodeId, EventId, LifecycleId, ModelName, ReferenceId
from evermodel.common.testing.rollouts import rollout_step
from evermodel.playback import ledger
from evermodel.playback.givenup import GivenUp
from evermodel.playback.journal import Journal, ordered
from evermodel.playback.scored import tally_of
from evermodel.playback.summary import Scene, Tally, summarise

SMALL = ModelName("small")
ARTEFACT = Artefact(
    uri="runs:/1/bundle",
    digest="sha256:" + "0" * 64,
    threshold=0.5,
    reference_id=ReferenceId("r"),
)


def _day(day: int) -> datetime:
    return datetime(2025, 1, day, tzinfo=UTC)


def _event(payload: Payload, day: int, name: str = "") -> Event[Payload]:
    return Event(
        payload,
        EventMeta(
            id=EventId(name or f"{payload.TYPE}/{day}"),
            type=payload.TYPE,
            source="/evermodel/test",
            subject="small",
            time=_day(day),
            lifecycle_id=LifecycleId("life"),
        ),
    )


def _trained(**given: Any) -> ModelTrained:
    fields: dict[str, Any] = {
        "model": SMALL,
        "outcome": "trained",
        "reason": "why",
        "caused_by": EventId("e"),
        "champion": None,
        "run_id": "run",
        "artefact": ARTEFACT,
        "data": Span(start=_day(1), end=_day(4)),
        "rows": 7,
    }
    return ModelTrained(**(fields | given))


def _validated(milliseconds: float = 3.0) -> ModelValidated:
    gates = (
        GateResult(gate="latency", verdict="pass", value=milliseconds),
        GateResult(gate="recall_floor", verdict="pass", value=0.7),
    )
    return ModelValidated(
        model=SMALL,
        verdict="accepted",
        reasons=("all gates passed",),
        gates=gates,
        trained_by=EventId("trained"),
        champion=None,
        version=1,
    )


def _step(action: str, version: int = 1, weight: int = 100, stable: int = 1) -> RolloutStep:
    def play(number: int, role: str, share: int) -> VersionInPlay:
        return VersionInPlay.model_validate(
            {
                "version": number,
                "role": role,
                "weight": share,
                "model_uri": "models:/small/1",
                "artefact": ARTEFACT,
            }
        )

    new = play(version, "champion" if weight == 100 else "challenger", weight)
    others = () if weight == 100 else (play(stable, "champion", 100 - weight),)
    return RolloutStep.model_validate(
        {
            "model": SMALL,
            "action": action,
            "version": version,
            "from_version": None if version == 1 else stable,
            "step": 1,
            "in_play": (new, *others),
            "stable_version": stable,
            "desired_version": version,
            "commit": "abc",
            "reason": f"{action} because",
        }
    )


def _drift() -> DriftDetected:
    return DriftDetected(
        model=SMALL,
        window=Span(start=_day(4), end=_day(5)),
        episode_id=EpisodeId("ep"),
        cause="feature",
        severity="retrain",
        onset=_day(3),
        features=("sum",),
        rows=8,
        reference_id=None,
        champion=1,
        policy="p",
        reason="moved",
    )


STORY = (
    _event(_trained(), 4, "trained"),
    _event(_validated(), 4),
    _event(_step("promoted"), 4),
    _event(_drift(), 5),
    _event(_step("started", version=2, weight=0), 6),
    _event(_step("advanced", version=2, weight=10), 7),
    _event(_step("aborted", version=1, weight=100), 8),
)


def _scene(tally: Tally) -> Scene:
    return Scene(model="small", start=_day(1), until=_day(9), tally=tally)


def test_events_are_ordered_by_time_then_by_their_place_in_the_lifecycle() -> None:
    assert list(ordered(STORY[::-1])) == list(STORY)


def test_a_line_is_a_cloudevent_in_structured_form() -> None:
    line = structured(STORY[0])
    assert line["specversion"] == "1.0"
    assert line["time"] == "2025-01-04T00:00:00Z"
    assert line["lifecycleid"] == "life"
    assert line["data"]["rows"] == 7


@pytest.mark.parametrize(
    "same",
    [
        _trained(run_id="another", artefact=ARTEFACT.model_copy(update={"uri": "file:/x"})),
        _trained(code_version="elsewhere", caused_by=EventId("f")),
    ],
)
def test_the_ledger_knows_no_run_path_or_id(same: ModelTrained) -> None:
    one, other = (Journal((_event(p, 4),)) for p in (_trained(), same))
    assert ledger.digest(one) == ledger.digest(other)


def test_the_ledger_knows_no_milliseconds() -> None:
    one, other = (Journal((_event(_validated(ms), 4),)) for ms in (3.0, 9.0))
    assert ledger.digest(one) == ledger.digest(other)


def test_the_ledger_knows_not_when_git_took_what_was_decided() -> None:
    fall = rollout_step("aborted", about=2, in_play=[(1, "champion", 100)])
    told = rollout_step("resumed", about=1, in_play=[(1, "champion", 100)])
    at_once = [fall.model_copy(update={"commit": "abc"})]
    later = [
        fall.model_copy(update={"desired_version": 2}),
        told.model_copy(update={"commit": "abc"}),
    ]
    assert digest_of(at_once) == digest_of(later)
    assert digest_of([*later, told]) != digest_of(later), "a person's order is a decision"


def digest_of(steps: Sequence[RolloutStep]) -> str:
    return ledger.digest(Journal(tuple(_event(step, 7) for step in steps)))


def test_the_ledger_differs_when_a_number_or_the_time_of_a_decision_does() -> None:
    digests = {
        ledger.digest(Journal((event,)))
        for event in (
            _event(_trained(), 4),
            _event(_trained(), 5),
            _event(_trained(rows=8), 4),
            _event(_trained(outcome="failed"), 4),
        )
    }
    assert len(digests) == 4


def test_the_summary_has_the_stated_form() -> None:
    content = summarise(Journal(STORY), _scene(Tally(published=10, stored=10, distinct=10))).content
    assert content["trainings"][0]["version"] == 1
    assert content["alarms"][0]["features"] == ["sum"]
    assert content["champions"] == [{"version": 1, "from": "2025-01-04T00:00:00Z"}]
    assert content["rollouts"][0]["outcome"] == "promoted"
    assert content["rollouts"][1]["outcome"] == "running"
    assert content["lost"] == content["duplicated"] == 0


def test_an_aborted_rollout_says_when_and_why() -> None:
    steps = (
        _event(_step("started", version=2, weight=0), 6),
        _event(_step("aborted", version=2, weight=0), 8),
    )
    found = summarise(Journal(steps), _scene(Tally(published=1, stored=1, distinct=1))).content[
        "rollouts"
    ]
    assert [(r["outcome"], r["ended"], r["reason"]) for r in found] == [
        ("aborted", "2025-01-08T00:00:00Z", "aborted because")
    ]


def test_what_git_wants_is_not_taken_from_the_events() -> None:
    scene = replace(_scene(Tally(published=1, stored=1, distinct=1)), desired_version=7)
    git = summarise(Journal(STORY), scene).content["git"]
    assert (git["desired_version"], git["stable_version"]) == (7, 1)


def test_a_version_that_only_waited_or_was_declined_had_no_rollout() -> None:
    steps = (
        _event(_step("started", version=2, weight=0), 6),
        _event(_step("queued", version=3, weight=0), 7),
        _event(_step("declined", version=4, weight=0), 7),
        _event(_step("aborted", version=2, weight=0), 8),
        _event(_step("started", version=2, weight=0), 9),
    )
    found = summarise(Journal(steps), _scene(Tally(published=1, stored=1, distinct=1)))
    rollouts = found.content["rollouts"]
    assert [(r["version"], r["outcome"]) for r in rollouts] == [(2, "aborted"), (2, "running")]


def _window(day: int, rows: int, late: int = 0) -> TransactionsWindowed:
    return TransactionsWindowed(
        model=SMALL,
        window=Span(start=_day(day), end=_day(day + 1)),
        counters=WindowCounters(rows=rows),
        quality="pass",
        late_rows=late,
    )


@pytest.mark.parametrize(
    ("counted", "late", "lost", "duplicated"),
    [((2, 1), 0, 0, 0), ((3, 0), 0, 1, 1), ((2, 0), 1, 0, 0), ((2, 0), 0, 1, 0), ((2, 2), 0, 0, 1)],
)
def test_a_row_counted_twice_does_not_make_up_for_one_that_was_not(
    counted: tuple[int, int], late: int, lost: int, duplicated: int
) -> None:
    times = [_day(1), _day(1) + timedelta(hours=23), _day(2)]
    scored = pl.DataFrame(
        {"id": ["a", "b", "c"], "time": times}, schema_overrides={"time": pl.Datetime("us", "UTC")}
    )
    first, second = counted
    journal = Journal((_event(_window(1, first), 2), _event(_window(2, second, late), 3)))
    tally = tally_of(scored, journal, published=3, given_up=GivenUp())
    assert (tally.lost, tally.duplicated) == (lost, duplicated)


def test_what_is_missing_or_twice_in_the_lake_is_counted() -> None:
    content = summarise(
        Journal(()),
        _scene(Tally(published=10, stored=9, distinct=7, given_up=GivenUp(letters=4, payments=1))),
    ).content
    assert (content["lost"], content["duplicated"], content["dead_letters"]) == (2, 2, 4)
