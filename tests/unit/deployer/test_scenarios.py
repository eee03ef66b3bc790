"""Whole rollouts, as a person would tell them."""

import pytest

from evermodel.common.kernel.errors import Fatal, Permanent, Transient
from evermodel.common.messaging.records import TopicPartition
from tests.unit.deployer.scenario import DAY, START, Story, digest, pairs


def test_the_first_accepted_version_serves_at_once() -> None:
    story = Story().accepted(1)

    assert story.actions == ["promoted v1"]
    assert story.weights == {1: 100}
    assert story.steps[0].from_version is None
    assert story.subjects == ["promote(fraud): none -> v1"]
    assert story.steps[0].commit == story.repository.head


def test_a_good_version_takes_over_in_steps_and_is_watched() -> None:
    story = Story().accepted(1).accepted(2).days(4).days(14)

    assert story.actions == [
        "promoted v1",
        "started v2",
        "advanced v2",
        "advanced v2",
        "advanced v2",
        "promoted v2",
        "completed v2",
    ]
    shares = [{s.version: s.weight for s in step.in_play} for step in story.steps]
    assert shares == [
        {1: 100},
        {1: 100, 2: 0},
        {1: 90, 2: 10},
        {1: 80, 2: 20},
        {1: 50, 2: 50},
        {2: 100, 1: 0},
        {2: 100},
    ]
    assert story.subjects[1:] == ["promote(fraud): v1 -> v2"]
    assert story.steps[1].commit == story.repository.head
    assert all(step.evidence for step in story.steps[2:])


def test_every_step_of_a_rollout_carries_its_lifecycle_and_the_event_time_of_its_cause() -> None:
    story = Story().accepted(1).accepted(2).days(4)

    assert story.times == [START, START, *(START + n * DAY for n in range(1, 5))]
    assert story.lifecycles == ["life-1", *["life-2"] * 5]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_version_fed_otherwise_where_it_decides_is_taken_back_at_each_step(step: int) -> None:
    story = Story().accepted(1).accepted(2).days(step)

    story.day(deciding=0.30)

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert story.weights == {1: 100}
    assert story.subjects[-1] == "rollback(fraud): v2 -> v1"
    assert story.steps[-1].commit == story.repository.head
    fall = story.taken_back
    assert fall.quarantined == story.steps[-1].quarantined == (digest(2),)
    assert any(c.check.startswith("skew") and c.verdict == "fail" for c in fall.evidence)


def test_a_flood_of_alerts_in_the_shadow_ends_the_rollout_before_it_decides_anything() -> None:
    story = Story().accepted(1).accepted(2).day(challenger=0.20)

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]


def test_a_version_that_does_not_answer_is_taken_back() -> None:
    story = Story().accepted(1).accepted(2).day(failed=100)

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert "unanswered" in story.taken_back.reason


def test_a_version_that_does_not_load_is_taken_back_at_once() -> None:
    story = Story().accepted(1).accepted(2).cannot_serve(2)

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert "no signature" in story.taken_back.reason


@pytest.mark.guarantee(
    "outside",
    fault="a scorer cannot load the champion of a rollout that is long over",
    promise="nothing is decided by itself: which other version to trust is for a person to say",
    seen="deployer logs 'fraud v1 cannot be served by scorer 0: no signature'; evermodel status",
)
def test_a_settled_champion_that_does_not_load_is_told_and_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    story = Story().accepted(1).cannot_serve(1)

    assert story.actions == ["promoted v1"]
    assert "fraud v1 cannot be served by scorer 0: no signature" in caplog.text


def test_no_rows_never_advance_and_after_the_patience_a_person_is_asked() -> None:
    story = Story().accepted(1).accepted(2).days(30, rows=0)

    assert story.actions == ["promoted v1", "started v2", "held v2"]
    assert story.weights == {1: 100, 2: 0}


def test_broken_input_is_not_held_against_a_version() -> None:
    story = Story().accepted(1).accepted(2).days(1).days(3, deciding=0.5, quality="fail")

    assert story.actions[-1] == "advanced v2"
    assert story.day().actions[-1] == "advanced v2"


def test_a_person_lets_a_held_rollout_go_on() -> None:
    story = Story().accepted(1).accepted(2).days(7, rows=0).orders("resume").day()

    assert story.actions[-3:] == ["held v2", "resumed v2", "advanced v2"]


def test_a_held_rollout_is_still_taken_back_when_it_is_bad() -> None:
    story = Story().accepted(1).accepted(2).days(7, rows=0).day(challenger=0.3)

    assert story.actions[-3:] == ["held v2", "aborted v2", "resumed v1"]


def test_late_labels_undo_a_promotion() -> None:
    story = Story().accepted(1).accepted(2).days(4).days(2)

    story.day(paired=[pairs(1, 2, lost=12, won=2)]).day(paired=[pairs(1, 2, lost=12, won=2)])

    assert story.actions[-2:] == ["rolled_back v2", "resumed v1"]
    assert story.weights == {1: 100}
    assert story.taken_back.stable_version == 1
    assert story.subjects[-1] == "rollback(fraud): v2 -> v1"
    assert digest(2) in story.taken_back.quarantined


def test_outcomes_are_read_whichever_version_they_call_the_champion() -> None:
    story = Story().accepted(1).accepted(2).days(4)

    story.day(paired=[pairs(2, 1, lost=0, won=25)])

    assert story.actions[-2:] == ["rolled_back v2", "resumed v1"]


def test_labels_that_favour_the_challenger_do_not_hurry_it() -> None:
    story = Story().accepted(1).accepted(2).day(rows=10, paired=[pairs(1, 2, won=50)])

    assert story.actions[-1] == "started v2"


def test_a_newer_version_waits_and_only_the_newest_of_those_begins() -> None:
    story = Story().accepted(1).accepted(2).accepted(3).accepted(4).days(4)

    assert story.actions == [
        "promoted v1",
        "started v2",
        "queued v3",
        "queued v4",
        "advanced v2",
        "advanced v2",
        "advanced v2",
        "promoted v2",
        "started v4",
    ]
    assert story.weights == {2: 100, 4: 0}
    assert story.subjects[-1] == "promote(fraud): v2 -> v4"


def test_the_waiting_version_begins_when_the_one_before_it_is_taken_back() -> None:
    story = Story().accepted(1).accepted(2).accepted(3).day(challenger=0.3)

    assert story.actions[-4:] == ["aborted v2", "started v3", "resumed v1", "resumed v3"]
    assert story.subjects[-2:] == ["rollback(fraud): v2 -> v1", "promote(fraud): v1 -> v3"]
    assert [s.commit for s in story.steps[-2:]] == [c for c, _ in story.repository.log[-2:]]
    assert story.steps[-1].desired_version == 3


def test_an_older_or_equal_version_is_declined() -> None:
    assert Story().accepted(2).accepted(1).actions[-1] == "declined v1"
    assert Story().accepted(2).accepted(2).actions[-1] == "declined v2"


def test_the_same_artefact_under_a_new_number_stays_in_quarantine() -> None:
    story = Story().accepted(1).accepted(2).day(challenger=0.3).accepted(3, artefact_of=2)

    assert story.actions[-1] == "declined v3"
    assert story.weights == {1: 100}


def test_the_very_artefact_that_serves_is_not_rolled_out_over_itself() -> None:
    assert Story().accepted(1).accepted(2, artefact_of=1).actions[-1] == "declined v2"
    waited = Story().accepted(1).accepted(2).accepted(3, artefact_of=2).days(4)
    assert waited.actions[-2:] == ["promoted v2", "declined v3"]


def test_a_person_lifts_a_quarantine_and_the_version_tries_again() -> None:
    story = Story().accepted(1).accepted(2).day(challenger=0.3).orders("lift_hold", 2)

    assert story.actions[-1] == "started v2"
    assert story.subjects[-1] == "promote(fraud): v1 -> v2"
    assert len(story.repository.log) == 4


def test_a_person_takes_a_version_back() -> None:
    story = Story().accepted(1).accepted(2).days(2).orders("abort")

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert "ada: I say so" in story.taken_back.reason


def test_a_person_promotes_over_the_remaining_steps() -> None:
    story = Story().accepted(1).accepted(2).orders("promote", 2)

    assert story.actions[-1] == "promoted v2"
    assert story.weights == {2: 100, 1: 0}


def test_a_pause_stops_advancing_and_holds_new_versions_back() -> None:
    story = Story().accepted(1).orders("pause").accepted(2).days(3)
    assert story.actions == ["promoted v1", "held v1", "queued v2"]

    story.orders("resume").day()

    assert story.actions[-3:] == ["resumed v1", "started v2", "advanced v2"]


def test_a_pause_before_the_first_version_is_kept_and_needs_no_step() -> None:
    story = Story().orders("pause").accepted(1).accepted(2)
    assert story.actions == ["promoted v1", "queued v2"]

    story.orders("resume")

    assert story.actions[-2:] == ["resumed v1", "started v2"]


def test_an_order_with_nothing_to_do_is_answered() -> None:
    assert Story().accepted(1).orders("promote").actions[-1] == "declined v1"


def test_an_order_to_a_model_that_serves_nothing_can_never_be_carried_out() -> None:
    with pytest.raises(Permanent, match="no version that serves"):
        Story().orders("promote")


def test_a_redelivered_event_makes_one_commit_and_says_the_same() -> None:
    story = Story().accepted(1).accepted(2)
    payload, meta = story.last

    again = story.deliver(payload, meta)

    assert [e.payload for e in again.events] == story.steps[-1:]
    assert not again.state, "the state may have gone on since"
    assert len(story.repository.log) == 2


def test_a_crash_after_the_commit_and_before_the_offset_makes_one_commit() -> None:
    story = Story().accepted(1)
    before = dict(story.state)
    story.accepted(2)
    payload, meta = story.last
    story.state = before
    story.restarted()

    again = story.deliver(payload, meta)

    assert [e.payload for e in again.events] == story.steps[-1:]
    assert len(story.repository.log) == 2


def test_a_partition_that_went_and_came_back_goes_on_where_it_was() -> None:
    story = Story().accepted(1).accepted(2)
    partition = TopicPartition("transactions.windowed", 0)

    story.handlers.on_revoked(partition)
    story.handlers.on_restored(partition, story.state, None)

    assert story.day().actions[-1] == "advanced v2"


def test_work_that_outlives_its_partition_decides_nothing() -> None:
    story = Story().accepted(1)
    held = story.ask(2)
    story.handlers.on_revoked(TopicPartition("model.validated", 0))

    with pytest.raises(Transient):
        held.work()
    assert len(story.repository.log) == 1

    story.handlers.on_restored(TopicPartition("deployer.state", 0), story.state, None)
    assert story.accepted(2).actions[-1] == "started v2"


def test_an_order_at_the_walls_time_is_carried_out_in_the_streams_time() -> None:
    story = Story().accepted(1).accepted(2).days(2)
    stream, story.now = story.now, START + 3000 * DAY
    story.orders("promote")
    story.now = stream

    assert story.times[-1] <= stream + 4 * DAY
    assert story.days(14).actions[-1] != "completed v2"
    assert story.days(4).actions[-1] == "completed v2"


def test_a_verdict_that_lags_behind_the_stream_does_not_shorten_the_shadow() -> None:
    story = Story(min_duration="2d").accepted(1).days(5)
    stream, story.now = story.now, story.now - 4 * DAY
    story.accepted(2)
    story.now = stream

    assert story.day().actions[-1] == "started v2"
    assert story.day().actions[-1] == "advanced v2"


def test_a_state_that_cannot_be_read_stops_the_service() -> None:
    with pytest.raises(Fatal, match=r"deployer\.state"):
        Story().handlers.on_restored(TopicPartition("x", 0), {"fraud": b"{}"}, None)


def test_a_restart_changes_no_decision() -> None:
    straight = Story().accepted(1).accepted(2).days(4).days(14)
    restarted = Story().accepted(1).accepted(2)
    for _ in range(18):
        restarted.restarted().day()

    assert restarted.steps == straight.steps


def test_it_does_not_matter_whether_a_window_or_its_labels_arrive_first() -> None:
    one, two = Story().accepted(1).accepted(2), Story().accepted(1).accepted(2)
    for number in range(6):
        paired = [pairs(1, 2, lost=number, won=1)]
        one.day(paired=paired)
        two.now = one.now
        two.labels(*paired)
        two.now -= DAY
        two.day(matures=False)

    assert two.actions == one.actions


def test_an_unknown_model_is_a_permanent_error() -> None:
    story = Story()
    story.models.clear()
    story.restarted()

    with pytest.raises(Permanent, match="no model description"):
        story.accepted(1)
