"""Rollouts while Git is away, broken, or written to by somebody else."""

import pytest

from tests.unit.deployer.scenario import Story


def test_while_git_is_away_a_bad_version_goes_to_zero_and_git_hears_of_it_later() -> None:
    story = Story().accepted(1).accepted(2).days(1)
    story.repository.away = True

    story.day(deciding=0.3)

    assert story.actions[-1] == "aborted v2"
    assert story.weights == {1: 100}
    assert story.steps[-1].commit is None
    assert story.steps[-1].desired_version == 2
    story.restarted()
    story.repository.away = False
    story.day()
    assert story.actions[-1] == "resumed v1"
    assert story.subjects[-1] == "rollback(fraud): v2 -> v1"
    assert story.steps[-1].commit == story.repository.head
    assert story.steps[-1].desired_version == 1


def test_git_is_told_when_it_is_back_without_waiting_for_an_event() -> None:
    story = Story().accepted(1).accepted(2).days(1)
    story.repository.away = True
    story.day(deciding=0.3).seconds(60)
    assert story.actions[-1] == "aborted v2"

    story.repository.away = False
    story.seconds(20)

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert story.steps[-1].commit == story.repository.head
    assert story.subjects[-1] == "rollback(fraud): v2 -> v1"
    assert story.restarted().day().actions[-1] == "resumed v1"
    assert len(story.repository.log) == 3


def test_what_git_took_between_events_follows_from_the_event_that_owed_it() -> None:
    story = Story().accepted(1).accepted(2).days(1)
    story.repository.away = True
    story.day(deciding=0.3)

    story.repository.away = False
    story.seconds(20)

    assert story.actions[-1] == "resumed v1"
    (_, change) = story.repository.log[-1]
    assert story.causes[-1] == change.cause


def test_no_share_is_given_while_git_is_away() -> None:
    story = Story().accepted(1).accepted(2)
    story.repository.away = True

    story.days(3)
    assert story.actions[-1] == "started v2"

    story.repository.away = False
    assert story.day().actions[-1] == "advanced v2"


@pytest.mark.parametrize("knows", [False, True], ids=["not told yet", "away now"])
def test_a_person_cannot_promote_past_git(knows: bool) -> None:
    story = Story().accepted(1)
    if knows:
        story.accepted(2)
    story.repository.away = True
    if not knows:
        story.accepted(2)

    story.orders("promote")

    assert story.actions[-1] == "declined v2"
    assert "Git" in story.steps[-1].reason
    assert story.weights == {1: 100, 2: 0}
    story.repository.away = False
    assert story.seconds(20).orders("promote").actions[-1] == "promoted v2"


def test_a_promotion_git_never_heard_of_is_never_told_once_it_is_taken_back() -> None:
    story = Story().accepted(1)
    story.repository.away = True
    story.accepted(2).day(challenger=0.3)
    story.repository.away = False

    story.day()

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert story.subjects == ["promote(fraud): none -> v1"]


def test_a_password_in_a_scorers_reason_reaches_neither_git_nor_the_step() -> None:
    story = Story().accepted(1).accepted(2)

    story.cannot_serve(2, reason="API request to http://ada:s3cr3t@127.0.0.1:9/api failed")

    assert story.actions[-2:] == ["aborted v2", "resumed v1"]
    assert "127.0.0.1:9" in story.taken_back.reason
    assert not any("s3cr3t" in step.reason for step in story.steps)
    assert "127.0.0.1:9" in story.repository.log[-1][1].message
    assert "s3cr3t" not in story.repository.log[-1][1].message


def test_a_promotion_git_took_without_saying_so_is_undone_once_it_is_taken_back() -> None:
    story = Story().accepted(1)
    story.repository.lossy = True
    story.accepted(2)
    story.repository.lossy, story.repository.away = False, True
    story.day(challenger=0.3)
    assert story.actions[-1] == "aborted v2"
    story.repository.away = False

    story.seconds(20)

    desired = story.repository.desired("fraud")
    assert desired is not None
    assert desired.version == story.steps[-1].desired_version == 1
    assert story.subjects[-1] == "rollback(fraud): v2 -> v1"


def test_a_broken_file_holds_the_rollout_in_the_shadow() -> None:
    story = Story().accepted(1)
    path = next(iter(story.repository.files))
    sound = story.repository.files[path]
    story.repository.files[path] = "desired: [unclosed"

    story.accepted(2).days(2)
    assert story.weights == {1: 100, 2: 0}

    story.repository.files[path] = sound
    assert "advanced v2" in story.day().actions


def test_a_version_that_somebody_else_wrote_ends_the_rollout_without_blame() -> None:
    story = Story().accepted(1).accepted(2).day()
    other = Story(repository=story.repository)
    other.now = story.now
    other.accepted(7)

    story.day()

    assert story.actions[-1] == "aborted v2"
    assert "somebody else" in story.steps[-1].reason
    assert story.steps[-1].quarantined == ()
    assert story.steps[-1].desired_version == 7
