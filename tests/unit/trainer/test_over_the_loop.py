"""The trainer on the real loop: each alarm leads to one run and one event, whatever happens."""

import errno
from pathlib import Path

import pytest

from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.emission import emissions
from evermodel.common.testing.harness import Crashed, crash_at
from evermodel.trainer.handlers.work import PAUSES
from evermodel.trainer.ports import ChildFailed, Report, Unavailable
from tests.unit.trainer.bench import DAY, GONE, Bench, Later, alarm, day, matured, retrain

FULL = OSError(errno.ENOSPC, "no space left on device")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def crashing(bench: Bench, *, moment: str = "nowhere", after: int = 0) -> None:
    """Run until the planted crash, then start another trainer and run to the end."""
    crashed = bench.harness.add(bench.spec(), at=crash_at(moment, after=after))
    with pytest.raises(Crashed):
        bench.harness.run()
    bench.harness.remove(crashed)
    bench.harness.add(bench.spec())
    bench.harness.run()


def one_training(bench: Bench) -> None:
    (event,) = bench.said
    assert (event.outcome, event.reason) == ("trained", "anna: a new shop")
    assert len(bench.recorded) == len(bench.runs.made) == 1
    assert event.run_id == bench.recorded[0]
    assert bench.admission.in_flight is None
    assert list(bench.work.glob("*")) == [], "scratch goes when the training is over"


ACCEPTING = [(moment, 0) for moment in ("polled", "handled", "sent", "committing", "committed")]
ANSWERING = [(moment, 1) for moment in ("sent", "committing", "committed")]


@pytest.mark.parametrize(("moment", "after"), [*ACCEPTING, *ANSWERING])
def test_a_crash_at_any_moment_leaves_one_run_and_one_event(
    bench: Bench, moment: str, after: int
) -> None:
    bench.harness.publish(retrain(), time=day(10))
    crashing(bench, moment=moment, after=after)
    one_training(bench)


def test_a_run_says_what_its_training_took(bench: Bench) -> None:
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.add(bench.spec())
    bench.harness.run()
    assert bench.runs.seconds == [7.5]


def test_a_training_that_a_crash_cut_off_is_repeated_from_an_empty_folder(bench: Bench) -> None:
    bench.harness.publish(retrain(), time=day(10))
    bench.child.endings.append(Crashed("in the middle"))
    crashing(bench)
    one_training(bench)
    first, again = bench.child.plans
    assert first == again, "the same plan, so the same model"


def test_a_training_that_was_recorded_before_the_crash_is_not_repeated(bench: Bench) -> None:
    bench.harness.publish(retrain(), time=day(10))
    bench.runs.lost.append(Crashed("recorded, and nobody was told"))
    crashing(bench)
    one_training(bench)
    assert len(bench.child.plans) == 1


def test_a_training_goes_on_after_any_number_of_restarts(bench: Bench) -> None:
    bench.harness.publish(retrain(), time=day(10))
    bench.child.endings.extend(Crashed(str(n)) for n in range(3))
    for _ in range(3):
        crashed = bench.harness.add(bench.spec())
        with pytest.raises(Crashed):
            bench.harness.run()
        bench.harness.remove(crashed)
    bench.harness.add(bench.spec())
    bench.harness.run()
    one_training(bench)


def test_an_alarm_that_is_delivered_again_starts_no_second_training(bench: Bench) -> None:
    bench.harness.add(bench.spec())
    order = emissions(
        [Emit(retrain(), day(10), identity="the same order")], cause=None, source="/test"
    )
    for _ in range(3):
        bench.harness.publish_records(order)
        bench.harness.run()
    one_training(bench)
    assert len(bench.child.plans) == 1


def test_an_alarm_that_is_delivered_again_during_its_training_starts_no_second(
    bench: Bench,
) -> None:
    """Its training is cut off, and the second delivery waits behind it at the restart."""
    order = emissions(
        [Emit(retrain(), day(10), identity="the same order")], cause=None, source="/test"
    )
    bench.harness.publish_records(order)
    bench.harness.publish_records(order)
    bench.child.endings.append(Crashed("in the middle"))
    crashing(bench)
    one_training(bench)


def test_a_run_store_that_is_away_is_waited_for_however_long_and_the_training_happens(
    bench: Bench,
) -> None:
    bench.harness.add(bench.spec())
    bench.runs.away.extend([GONE] * 20)
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    one_training(bench)
    assert bench.paused == [*PAUSES, *[PAUSES[-1]] * (20 - len(PAUSES))]
    assert len(bench.child.plans) == 1


def test_a_lake_that_is_away_is_waited_for_however_long_and_the_training_happens(
    bench: Bench,
) -> None:
    bench.harness.add(bench.spec())
    bench.child.endings.extend([Unavailable("the lake does not answer")] * 8)
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    one_training(bench)
    assert bench.paused == [*PAUSES, *[PAUSES[-1]] * (8 - len(PAUSES))]
    assert len(bench.child.plans) == 9
    assert bench.runs.seconds == [7.5], "what was waited is no training"


def test_a_machine_that_is_full_is_waited_for_however_long_and_the_training_happens(
    bench: Bench,
) -> None:
    bench.harness.add(bench.spec())
    bench.child.endings.extend([OSError(errno.EAGAIN, "no process"), *[FULL] * 7])
    bench.runs.lost.append(FULL)
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    one_training(bench)
    assert bench.paused == [*PAUSES, *[PAUSES[-1]] * 2, *PAUSES[:1]]
    assert len(bench.child.plans) == 9


def test_a_run_store_that_goes_away_after_the_training_costs_no_second_training(
    bench: Bench,
) -> None:
    bench.harness.add(bench.spec())
    bench.runs.lost.append(GONE)
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    one_training(bench)
    assert bench.paused == [PAUSES[0]]
    assert len(bench.child.plans) == 1


def test_a_crash_while_the_run_store_is_away_loses_nothing(bench: Bench) -> None:
    bench.harness.publish(retrain(), time=day(10))
    bench.runs.away.extend([GONE, GONE, Crashed("while waiting"), GONE])
    crashing(bench)
    one_training(bench)


def test_what_the_run_store_refuses_for_good_is_a_failure_and_not_waited_for(
    bench: Bench,
) -> None:
    bench.harness.add(bench.spec())
    bench.runs.away.append(ValueError("a name too long"))
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    (event,) = bench.said
    assert event.outcome == "failed"
    assert event.reason == "the trainer broke: ValueError('a name too long')"
    assert bench.paused == []


@pytest.mark.parametrize(
    "ending",
    [
        ChildFailed("the training process ended with signal SIGKILL and no report"),
        Report(outcome="failed", reason="the loss is not a number: the training diverged"),
    ],
)
def test_a_training_that_makes_nothing_is_said_once_with_its_reason(
    bench: Bench, ending: Report | ChildFailed
) -> None:
    bench.harness.add(bench.spec())
    bench.child.endings.append(ending)
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    (event,) = bench.said
    reason = ending.reason if isinstance(ending, Report) else str(ending)
    assert (event.outcome, event.reason) == ("failed", reason)
    assert (event.run_id, event.artefact) == (None, None)
    assert bench.recorded == []
    assert bench.admission.in_flight is None
    assert list(bench.work.glob("*")) == []


def test_a_training_that_failed_keeps_the_cool_down_and_then_the_next_alarm_trains(
    bench: Bench,
) -> None:
    bench.harness.add(bench.spec())
    bench.child.endings.append(ChildFailed("took more than 512 MB"))
    bench.harness.publish(alarm(10), time=day(10))
    bench.harness.run()
    assert bench.said == [], "there are no labels of the new regime yet"
    began: list[int] = []
    for at in range(11, 40):
        bench.harness.publish(matured(at), time=day(at))
        if at in {21, 22}:
            bench.harness.publish(alarm(at, episode=f"e{at}", onset=9), time=day(at))
        bench.harness.run()
        began += [at] * (len(bench.said) - len(began))
    first, second = bench.said
    assert [e.outcome for e in (first, second)] == ["failed", "trained"]
    assert began == [19, 26], "labels of three days, then a week of cool-down"
    assert bench.child.plans[1].as_of - bench.child.plans[0].as_of == 7 * DAY
    assert sorted(bench.answers().values()) == ["declined", "training", "training"]


def test_alarms_and_outcomes_are_answered_while_a_training_runs(bench: Bench) -> None:
    later = Later()
    bench.harness.add(bench.spec(), beside=later)
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    bench.harness.publish(alarm(10), time=day(10))
    bench.harness.publish(matured(11), time=day(11))
    bench.harness.run()
    assert sorted(bench.answers().values()) == ["declined", "training"]
    assert bench.admission.matured_at == day(11)
    assert (bench.said, later.waiting) == ([], 1)
    later.finish()
    bench.harness.run()
    one_training(bench)


def test_a_training_that_outlives_its_trainer_is_said_by_the_next_alone(bench: Bench) -> None:
    """The old trainer was fenced: its child may end well, and it must not say so."""
    old, new = Later(), Later()
    bench.harness.add(bench.spec(), beside=old)
    bench.harness.publish(retrain(), time=day(10))
    bench.harness.run()
    bench.harness.add(bench.spec(), beside=new)
    bench.harness.run()
    assert (old.waiting, new.waiting) == (1, 1), "it is taken up again"
    for later in (old, new):
        later.finish()
    bench.harness.run()
    one_training(bench)
