"""``rollout.steps`` of ``model.toml`` change while a version rises; the deployer starts anew.

A rollout knows its step by number; what counts is the share that it has.
"""

import pytest

from tests.unit.deployer.scenario import Story, description


def shares(story: Story) -> list[int]:
    """Return the share of version 2 after each step of its rollout."""
    return [
        next((s.weight for s in step.in_play if s.version == 2), 0)
        for step in story.steps
        if step.version == 2
    ]


def risen_to(share: int, *, steps: tuple[int, ...]) -> Story:
    """Return a rollout of version 2 that has come to `share` percent."""
    story = Story(steps=steps).accepted(1).accepted(2)
    for _ in range(60):
        if shares(story)[-1] == share:
            return story
        story.day()
    raise AssertionError(f"it never had {share} %")


@pytest.mark.guarantee(
    "input",
    fault="rollout.steps become {after} while a version has 50 % by {before}",
    promise="it goes on with the next larger share: nobody is moved back, no window is given up",
    seen="rollout.step, advanced or promoted",
)
@pytest.mark.parametrize(
    ("before", "after", "then"),
    [
        ((10, 20, 50, 100), (10, 100), [100]),
        ((10, 20, 50, 100), (100,), [100]),
        ((50, 100), (1, 5, 20, 50, 100), [100]),
        ((50, 100), (1, 5, 60, 100), [60, 100]),
    ],
)
def test_a_version_goes_on_by_its_share(
    before: tuple[int, ...], after: tuple[int, ...], then: list[int]
) -> None:
    story = risen_to(50, steps=before)
    told = len(shares(story))
    story.models = {"fraud": description(steps=after)}

    story.restarted().days(20)

    assert shares(story)[told:][: len(then)] == then
