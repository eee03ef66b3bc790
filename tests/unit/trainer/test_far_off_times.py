"""An event that gives itself a time far ahead of the stream holds no training back for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from evermodel.common.events.outcomes import OutcomesMatured
from evermodel.common.events.payload import Payload
from evermodel.common.events.rollout import Action
from evermodel.common.messaging.lockstep import SimulatedClock
from evermodel.common.testing.rollouts import Play, rollout_step
from evermodel.trainer.domain.admission import (
    Admission,
    Decision,
    alarm,
    bounded,
    matured,
    paused,
    resumed,
    rolled,
)
from tests.unit.trainer import bench as made
from tests.unit.trainer.admissions import POLICY, answers, outcome, request, until
from tests.unit.trainer.bench import Bench, day

FAR = datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)
CHAMPION: tuple[Play, ...] = ((1, "champion", 100),)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.harness.add(bench.spec())
    return bench


def says(bench: Bench, payload: Payload, *, time: datetime) -> None:
    bench.harness.publish(payload, time=time)
    bench.harness.run()


def labels(bench: Bench, first: int, last: int) -> None:
    for n in range(first, last + 1):
        says(bench, made.matured(n), time=day(n))


def serves(state: Admission, *, at: datetime, champion: int = 1) -> Decision:
    return rolled(state, champion=champion, rollout=None, promoted=False, at=at, policy=POLICY)


@pytest.mark.guarantee(
    "input",
    fault="a rollout.step '{action}' that changes nothing gives itself the year 9998",
    promise="the next alarm trains, as of the time it would have without",
    seen="trainer logs '… training: trains as of …'",
)
@pytest.mark.parametrize("action", ["declined", "held"])
def test_a_step_that_changes_nothing_holds_no_alarm_back(bench: Bench, action: Action) -> None:
    step = rollout_step(action, about=1, in_play=CHAMPION)
    says(bench, step, time=day(8))
    says(bench, step, time=FAR)
    labels(bench, 8, 12)
    says(bench, made.alarm(12), time=day(12))
    labels(bench, 13, 25)
    (plan,) = bench.child.plans
    assert plan.as_of == day(21)


@pytest.mark.guarantee(
    "input",
    fault="the newest outcomes.matured comes again with the year 9998 for its time",
    promise="the next alarms train as ever: what counts is until when its labels are known",
    seen="trainer logs '… training: trains as of …'",
)
def test_labels_that_come_again_with_a_far_off_time_end_no_training(bench: Bench) -> None:
    labels(bench, 8, 21)
    says(bench, made.matured(21), time=FAR)
    says(bench, made.alarm(18, episode="a", onset=10), time=day(18))
    labels(bench, 22, 40)
    says(bench, made.alarm(41, episode="b", onset=30), time=day(41))
    labels(bench, 41, 42)
    assert [plan.as_of for plan in bench.child.plans] == [day(21), day(41)]


@pytest.mark.guarantee(
    "input",
    fault="what serves changes in a rollout.step of the year 9998",
    promise="alarms wait until the stream is as much further as a training looks back, no longer",
    seen="'the labels known at … have not been joined' in trainer.state",
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_change_of_a_far_off_time_holds_alarms_back_for_a_while_only(is_first: bool) -> None:
    state = Admission(champion=2)
    if is_first:  # nothing has matured yet
        state, _ = serves(state, at=FAR)
    state, _ = until(state, 8, 12)
    if not is_first:
        state, _ = serves(state, at=FAR)
    state, _ = alarm(state, request("a", at=12, onset=10), policy=POLICY)
    state, began = until(state, 13, 60)
    assert began == [8 + 36 if is_first else 12 + 36]


def test_an_alarm_of_a_far_off_time_waits_for_a_while_only() -> None:
    state, _ = until(Admission(), 8, 12)
    state, _ = alarm(state, request("a", at=3000, onset=10), policy=POLICY)
    _, began = until(state, 13, 60)
    assert began == [12 + 36]


@pytest.mark.guarantee(
    "input",
    fault="a resume is dated years ahead before any labels have matured",
    promise="the next alarm trains as ever",
    seen="trainer logs '… training: trains as of …'",
)
def test_a_resume_timed_ahead_of_a_stream_that_told_nothing_yet_moves_nothing() -> None:
    state, _ = resumed(paused(Admission()), at=day(3000), policy=POLICY)
    state, _ = alarm(state, request("a", at=12, onset=10), policy=POLICY)
    _, began = until(state, 8, 25)
    assert began == [20]


def test_what_an_older_release_kept_of_far_off_times_is_taken_back() -> None:
    state, _ = until(Admission(), 8, 12)
    kept = Admission(settled=FAR, matured_at=state.matured_at, matured_until=state.matured_until)
    assert bounded(kept, policy=POLICY).settled == day(12 + 36)
    ahead = Admission(last=FAR, matured_at=FAR, matured_until=state.matured_until)
    ahead = bounded(ahead, policy=POLICY)  # nothing can be known to be wrong yet, nor overflows
    ahead, _ = outcome(ahead, at=13)
    assert ahead.last == day(13)
    ahead, _ = alarm(ahead, request("a", at=14, onset=10), policy=POLICY)
    _, began = until(ahead, 14, 25)
    assert began == [20]


def test_an_alarm_says_what_it_waits_for_now() -> None:
    state, _ = alarm(Admission(), request("a", at=12, onset=10), policy=POLICY)
    assert "new regime" in answers(state)["a"][1]
    state, _ = rolled(state, champion=1, rollout=2, promoted=False, at=day(13), policy=POLICY)
    assert answers(state)["a"] == ("waiting", "version 2 is being rolled out")
    state, _ = serves(state, at=day(30))
    state, _ = until(state, 13, 22)
    assert (
        answers(state)["a"][1] == f"the labels known at {day(30).isoformat()} have not been joined"
    )


def test_memory_of_years_overflows_nothing() -> None:
    late = datetime(9999, 1, 1, tzinfo=UTC)
    cohort = (late - timedelta(days=2), late - timedelta(days=1))
    state, _ = matured(Admission(), cohort=cohort, at=late, quality_failed=False, policy=POLICY)
    state, _ = serves(state, at=late)
    assert bounded(state, policy=POLICY) == state


@pytest.mark.guarantee(
    "input",
    fault="an outcomes.matured tells of labels of years ahead",
    promise="it is given up; the next alarm trains as of the time it would have without",
    seen="dead letter 'permanent': 'time … is more than a year ahead of the stream and of today'",
)
@pytest.mark.parametrize("known", [0, 12])
def test_labels_of_years_ahead_are_given_up(tmp_path: Path, known: int) -> None:
    bench = Bench(tmp_path)
    bench.harness.add(bench.spec(wall=SimulatedClock(day(12))))
    labels(bench, 8, known)
    says(bench, made.matured(2000), time=day(12))
    labels(bench, known + 1 if known else 8, 12)
    says(bench, made.alarm(12), time=day(12))
    labels(bench, 13, 25)
    assert [plan.as_of for plan in bench.child.plans] == [day(21)]
    (letter,) = bench.harness.dead_letters("trainer")
    assert "is more than a year ahead of the stream and of today" in letter.message


@pytest.mark.guarantee(
    "input",
    fault="an outcomes.matured tells of labels of months ahead",
    promise="that the real ones start nothing until then is told of each",
    seen="trainer logs '… labels of payments up to … come after those up to …: they start nothing'",
)
def test_labels_that_come_after_later_ones_are_told_of(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    for at in (10, 100, 11):
        says(bench, made.matured(at), time=day(10))
    told = f"labels of payments up to {day(4)} come after those up to {day(93)}: they start nothing"
    assert told in caplog.text
    assert caplog.text.count("they start nothing") == 1


def test_no_labels_are_known_before_their_payments() -> None:
    told = made.matured(12).model_dump() | {"cohort": {"start": day(11), "end": day(900)}}
    with pytest.raises(ValidationError, match="known before the payments"):
        OutcomesMatured.model_validate(told)
