"""The deployer's gauges: who serves, what Git wants, and "desired = stable, or a rollout is on"."""

from evermodel.common.messaging.records import TopicPartition
from evermodel.deployer.adapters import yaml_manifest
from tests.unit.deployer.scenario import Story

#: Ticks after which every errand that is due has gone and come back.
MINUTE = 62


def shown(story: Story, name: str, **labels: str) -> float | None:
    return story.metrics.registry.get_sample_value(
        f"evermodel_{name}", {"model": "fraud", **labels}
    )


def git_up(story: Story) -> float | None:
    return story.metrics.registry.get_sample_value("evermodel_git_up")


def test_a_stable_model_is_at_one_with_git() -> None:
    story = Story().accepted(1).seconds(MINUTE)

    assert shown(story, "git_divergence") == 0
    assert shown(story, "desired_version") == shown(story, "stable_version") == 1
    assert shown(story, "rollout_weight_ratio", model_version="1", role="champion") == 1
    assert git_up(story) == 1


def test_a_rollout_in_progress_is_no_divergence() -> None:
    story = Story().accepted(1).accepted(2).day().seconds(MINUTE)

    assert shown(story, "rollout_in_progress") == 1
    assert (shown(story, "desired_version"), shown(story, "stable_version")) == (2, 1)
    assert shown(story, "git_divergence") == 0
    assert shown(story, "rollout_weight_ratio", model_version="2", role="challenger") == 0.1


def test_a_version_taken_back_while_git_is_away_is_a_divergence_until_git_takes_it() -> None:
    story = Story().accepted(1).accepted(2).day().seconds(MINUTE)
    story.repository.away = True
    story.cannot_serve(2).seconds(MINUTE)

    assert shown(story, "git_divergence") == 1
    assert shown(story, "git_owed_changes") == 1
    assert git_up(story) == 0

    story.repository.away = False
    story.seconds(MINUTE)
    assert shown(story, "git_divergence") == 0
    assert shown(story, "git_owed_changes") == 0
    assert shown(story, "rollout_weight_ratio", model_version="2", role="challenger") is None


def test_a_persons_edit_while_nothing_rolls_out_is_a_divergence() -> None:
    story = Story().accepted(1).accepted(2).cannot_serve(2).seconds(MINUTE)
    path = yaml_manifest.path_of("fraud", "production")
    story.repository.files[path] = story.repository.files[path].replace("version: 1", "version: 2")
    story.seconds(MINUTE)

    assert shown(story, "git_divergence") == 1
    assert shown(story, "desired_version") == 2


def test_what_was_written_since_git_was_asked_counts_for_more_than_its_old_answer() -> None:
    story = Story().accepted(1).seconds(2).accepted(2).days(5).seconds(1)

    assert shown(story, "desired_version") == 2
    assert shown(story, "git_divergence") == 0


def test_a_file_that_cannot_be_read_wants_nothing_that_serves() -> None:
    story = Story().accepted(1)
    story.repository.files[yaml_manifest.path_of("fraud", "production")] = "gone: true\n"

    assert shown(story.seconds(MINUTE), "git_divergence") == 1


def test_a_model_that_went_to_another_replica_is_no_longer_shown() -> None:
    story = Story().accepted(1).seconds(MINUTE)
    story.handlers.on_revoked(TopicPartition("model.validated", 0))

    assert shown(story, "git_divergence") is None
    assert shown(story, "stable_version") is None


def test_a_restart_shows_what_is_the_case_before_any_event_comes() -> None:
    story = Story().accepted(1).accepted(2).day()

    assert shown(story.restarted().seconds(1), "rollout_in_progress") == 1
