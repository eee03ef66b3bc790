"""When a training begins: every alarm is answered once, by a training or by a reason."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from evermodel.trainer.domain.admission import (
    Admission,
    alarm,
    cleared,
    command,
    ended,
    paused,
    refused,
    resumed,
    rolled,
)
from tests.unit.trainer.admissions import POLICY, answers, outcome, request, until
from tests.unit.trainer.bench import day


def test_a_training_waits_until_labels_of_the_new_regime_have_matured() -> None:
    state, training = alarm(Admission(), request("a", at=12, onset=10), policy=POLICY)
    assert training is None
    assert state.pending is not None
    assert answers(state)["a"][0] == "waiting"
    state, began = until(state, 12, 25)
    assert began == [20]
    assert state.pending is None
    assert answers(state)["a"][0] == "training"


def test_which_of_two_topics_is_read_first_does_not_matter() -> None:
    before, _ = until(Admission(), 8, 30)
    late = request("a", at=31, onset=2)
    one, none = alarm(before, late, policy=POLICY)
    one, first = outcome(one, at=31)
    other, _ = outcome(before, at=31)
    other, second = alarm(other, late, policy=POLICY)
    assert none is None
    assert first == second
    assert first is not None
    assert first.as_of == day(31)
    assert replace(one, answers=()) == replace(other, answers=())


def test_a_storm_of_alarms_is_one_training() -> None:
    state = Admission()
    for n in range(20):
        state, _ = alarm(state, request(f"a{n}", at=12, onset=10), policy=POLICY)
    state, began = until(state, 12, 20)
    for n in range(20, 40):
        state, again = alarm(state, request(f"a{n}", at=20, onset=10), policy=POLICY)
        assert again is None
    state, more = until(ended(state), 21, 40)
    assert began == [20]
    assert more == []
    given_answers = [answer for answer, _ in answers(state).values()]
    assert given_answers.count("training") == 1
    assert given_answers.count("declined") == 39


def test_a_resume_timed_years_ahead_of_the_stream_lets_the_next_alarm_be_answered() -> None:
    state, _ = until(Admission(), 8, 12)
    state, _ = resumed(paused(state), at=day(3000), policy=POLICY)
    state, _ = alarm(state, request("a", at=12, onset=10), policy=POLICY)
    _, began = until(state, 13, 25)
    assert began == [20]


def test_a_wish_timed_years_ahead_of_the_stream_trains_as_of_the_streams_time() -> None:
    state, _ = until(Admission(), 8, 12)
    _, training = command(state, request("c", at=3000), policy=POLICY)
    assert training is not None
    assert training.as_of == day(14)


def test_a_wish_for_what_was_known_earlier_is_taken_at_its_word() -> None:
    state, _ = until(Admission(), 8, 12)
    _, training = command(state, request("c", at=9), policy=POLICY)
    assert training is not None
    assert training.as_of == day(9)


def test_a_redelivered_alarm_changes_nothing() -> None:
    state, _ = alarm(Admission(), request("a", at=12, onset=10), policy=POLICY)
    assert alarm(state, request("a", at=12, onset=10), policy=POLICY) == (state, None)
    state, _ = until(state, 12, 20)
    assert alarm(state, request("a", at=12, onset=10), policy=POLICY) == (state, None)
    assert alarm(ended(state), request("a", at=12, onset=10), policy=POLICY)[1] is None


def test_cool_down_holds_a_second_alarm_back_and_does_not_lose_it() -> None:
    state, _ = alarm(Admission(), request("a", at=12, onset=10), policy=POLICY)
    state, _ = until(state, 12, 20)
    state, training = alarm(ended(state), request("b", at=21, onset=11), policy=POLICY)
    assert training is None
    state, began = until(state, 21, 40)
    assert began == [27]


def test_broken_data_is_answered_with_a_reason_and_never_trains() -> None:
    state = refused(Admission(), request("q", at=12, onset=10), reason="broken data")
    assert answers(state)["q"] == ("declined", "broken data")
    assert until(state, 12, 40)[1] == []


def test_while_paused_alarms_wait_and_commands_are_declined() -> None:
    state, _ = alarm(paused(Admission()), request("a", at=12, onset=10), policy=POLICY)
    state, began = until(state, 12, 25)
    assert began == []
    state, training = command(state, request("c", at=25), policy=POLICY)
    assert training is None
    assert answers(state)["c"] == ("declined", "paused: resume first")
    state, _ = resumed(state, at=day(25), policy=POLICY)
    assert state.in_flight is not None
    assert state.in_flight.as_of == day(25)


def test_a_command_trains_at_once_as_of_its_own_time() -> None:
    state, training = command(Admission(), request("c", at=30), policy=POLICY)
    assert training is not None
    assert training.as_of == day(30)
    assert state.in_flight == training


def test_a_command_during_a_training_is_declined() -> None:
    state, _ = command(Admission(), request("c", at=30), policy=POLICY)
    state, second = command(state, request("d", at=30), policy=POLICY)
    assert second is None
    assert answers(state)["d"][0] == "declined"


def test_a_drift_that_clears_takes_its_alarm_back() -> None:
    state, _ = alarm(Admission(), request("a", at=12, onset=10), policy=POLICY)
    state = cleared(state, episode="another")
    assert state.pending is not None
    state = cleared(state, episode="e1")
    assert answers(state)["a"][0] == "declined"
    assert until(state, 12, 40)[1] == []


def test_during_a_rollout_an_alarm_waits_and_a_promotion_makes_it_moot() -> None:
    state, _ = rolled(Admission(), champion=1, rollout=2, promoted=False, at=day(20), policy=POLICY)
    state, _ = alarm(state, request("a", at=20, onset=10), policy=POLICY)
    state, began = until(state, 20, 25)
    assert began == []
    promoted, training = rolled(
        state, champion=2, rollout=None, promoted=True, at=day(25), policy=POLICY
    )
    assert training is None
    assert answers(promoted)["a"] == ("declined", "moot: version 2 was promoted meanwhile")
    aborted, _ = rolled(state, champion=1, rollout=None, promoted=False, at=day(26), policy=POLICY)
    assert until(aborted, 26, 30)[1] == [26]


def test_an_alarm_against_a_champion_that_no_longer_serves_is_moot() -> None:
    state, _ = rolled(
        Admission(), champion=2, rollout=None, promoted=True, at=day(20), policy=POLICY
    )
    state, training = alarm(state, request("a", at=20, onset=10, champion=1), policy=POLICY)
    assert training is None
    assert state.pending is None
    assert answers(state)["a"][0] == "declined"


def test_windows_that_failed_quality_are_remembered_while_they_matter() -> None:
    state, _ = outcome(Admission(), at=10, failed=True)
    state, _ = outcome(state, at=11, failed=True)
    assert state.left_out == ((day(2), day(3)), (day(3), day(4)))
    state, _ = outcome(state, at=39.5, failed=True)
    assert state.left_out == ((day(3), day(4)), (day(31.5), day(32.5)))


@given(
    st.lists(
        st.sampled_from(
            [
                "alarm",
                "quality",
                "matured",
                "command",
                "pause",
                "resume",
                "end",
                "start",
                "promote",
                "abort",
                "clear",
            ]
        ),
        max_size=60,
    )
)
def test_whatever_happens_one_training_runs_and_every_request_is_answered(
    steps: list[str],
) -> None:
    state, asked, began = Admission(), set(), 0
    for n, step in enumerate(steps):
        at, training, was = day(n), None, state.in_flight
        event = f"{step}{n}"
        match step:
            case "alarm":
                asked.add(event)
                state, training = alarm(state, request(event, at=n, onset=n - 2), policy=POLICY)
            case "quality":
                asked.add(event)
                state = refused(state, request(event, at=n), reason="broken")
            case "command":
                asked.add(event)
                state, training = command(state, request(event, at=n), policy=POLICY)
            case "matured":
                state, training = outcome(state, at=n)
            case "pause":
                state = paused(state)
            case "resume":
                state, training = resumed(state, at=at, policy=POLICY)
            case "end":
                state = ended(state)
            case "clear":
                state = cleared(state, episode="e1")
            case _:
                state, training = rolled(
                    state,
                    champion=1 + (step == "promote"),
                    rollout=2 if step == "start" else None,
                    promoted=step == "promote",
                    at=at,
                    policy=POLICY,
                )
        if training is not None:
            assert was is None
            assert state.in_flight == training
            began += 1
    given_answers = [a.answer for a in state.answers]
    assert {a.event for a in state.answers} == asked
    assert given_answers.count("training") == began
    assert given_answers.count("waiting") == (state.pending is not None)
