"""What was put back for one service is, to another that follows the topic as a table, not there."""

import pytest

from evermodel.common.events.catalogue import LIFECYCLE_COMMANDS
from evermodel.common.messaging.deadletter import REDRIVEN_FOR, REDRIVEN_FROM
from evermodel.common.messaging.records import Outgoing
from evermodel.common.testing.harness import Harness
from tests.unit.messaging.followed import FIRST, answered, followed, said, say


@pytest.mark.guarantee(
    "input",
    fault="a rollout step is redriven for another service, and the scorer is started again",
    promise="it serves what the last step says, as before",
    seen="scorer: serving.applied",
)
@pytest.mark.parametrize("latest_only", [False, True])
def test_a_table_is_what_was_said_to_all(latest_only: bool) -> None:
    harness, topic = Harness(partitions=2), LIFECYCLE_COMMANDS.name
    say(harness, FIRST, 1, 2)
    first, *_ = harness.records(topic)
    headers = ((REDRIVEN_FOR, b"trainer"), (REDRIVEN_FROM, f"{topic}/0/0".encode()))
    copied = Outgoing(
        topic=topic,
        key=first.key,
        value=first.value,
        headers=(*((name, value or b"") for name, value in first.headers), *headers),
        partition=first.partition,
    )
    harness.publish_records([copied])

    harness.add(followed(answered, latest_only=latest_only))
    harness.run()

    assert said(harness) == [(FIRST, "2")]
