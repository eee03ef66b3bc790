"""What the broker's topic of offsets tells, and how long a group is said to have stood still."""

import struct

from benchmarks.commits import Commits, commit_in
from evermodel.common.messaging.records import Record, TopicPartition

SCORER = TopicPartition("transactions", 2)


def written(offset: int, *, group: str = "scorer", version: int = 1, partition: int = 2) -> Record:
    """Return a commit as the broker writes it."""
    name, topic = group.encode(), b"transactions"
    key = struct.pack(">h", version) + struct.pack(">h", len(name)) + name
    key += struct.pack(">h", len(topic)) + topic + struct.pack(">i", partition)
    value = struct.pack(">hqihq", 3, offset, -1, 0, 1_700_000_000_000)
    return Record(topic="__consumer_offsets", partition=0, offset=0, key=key, value=value)


def test_a_commit_is_read_and_the_groups_own_records_are_not() -> None:
    assert commit_in(written(77)) == ("scorer", SCORER, 77)
    assert commit_in(written(77, version=2)) is None


def test_an_event_is_handled_when_its_group_is_first_past_it() -> None:
    commits = Commits()
    for moment, offset in ((1.0, 10), (2.0, 20), (3.0, 30)):
        commits.take(moment, written(offset))
    assert commits.moment_past("scorer", SCORER, 15) == 2.0
    assert commits.moment_past("scorer", SCORER, 20) == 3.0
    assert commits.moment_past("scorer", SCORER, 30) is None
    assert commits.offset("scorer", "transactions") == 30


def test_the_longest_standstill_is_of_the_slowest_partition_edges_included() -> None:
    commits = Commits()
    for partition, moments in ((0, (1.0, 2.0, 3.0, 4.0)), (1, (1.5, 3.5))):
        for moment in moments:
            commits.take(moment, written(int(moment * 10), partition=partition))
    assert commits.standstill("scorer", "transactions", since=1.0, until=4.0) == 2.0
    assert commits.standstill("scorer", "transactions", since=1.0, until=9.0) == 5.5
