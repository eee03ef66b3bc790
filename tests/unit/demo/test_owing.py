"""The story rests when Git has taken what it is owed: the summary asks Git right afterwards."""

from evermodel.common.messaging.records import Record
from evermodel.demo.owing import Owing
from tests.unit.deployer.scenario import Story


def kept(story: Story) -> Record:
    value = story.state["fraud"]
    return Record(topic="deployer.state", partition=0, offset=0, key=b"fraud", value=value)


def test_before_a_first_state_nothing_is_owed() -> None:
    assert Owing().missing("fraud") is None


def test_a_version_that_was_taken_back_is_waited_for_until_git_has_been_told() -> None:
    owing, story = Owing(), Story().accepted(1).accepted(2).days(2)
    owing.on_state(kept(story))
    assert owing.missing("fraud") is None
    story.keeps_jobs = True

    owing.on_state(kept(story.cannot_serve(2)))
    assert owing.missing("fraud") == "Git has not taken 1 change(s) of fraud"
    assert owing.missing("theft") is None

    story.do_jobs()
    owing.on_state(kept(story))
    assert owing.missing("fraud") is None
