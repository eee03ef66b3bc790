"""What groups commit, seen as it becomes true: how far each is, when, and how long it stood still.

Reads the broker's own topic of offsets, so that looking costs the groups nothing; a commit within
a transaction is seen once that is committed. Must never join a group.
"""

import struct
import threading
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

from benchmarks.timing import beside
from benchmarks.watching import Eyes
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.records import Record, TopicPartition

TOPIC = "__consumer_offsets"
#: Key versions 0 and 1 are offsets; others tell of the group itself.
_OFFSETS = (0, 1)


class Commits:
    """Every commit since it began to look, by group and partition: (moment, next offset)."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, TopicPartition], list[tuple[float, int]]] = defaultdict(list)

    def take(self, moment: float, record: Record) -> None:
        """Note `record`, if it is a commit."""
        said = commit_in(record)
        if said is not None:
            group, at, offset = said
            self._seen[group, at].append((moment, offset))

    def offset(self, group: str, topic: str) -> int:
        """Return how many offsets of `topic` the group is past; it only grows."""
        return sum(
            history[-1][1]
            for (who, at), history in list(self._seen.items())
            if who == group and at.topic == topic
        )

    def moment_past(self, group: str, at: TopicPartition, offset: int) -> float | None:
        """Return when `group` was first seen past `offset` of `at`; None: not yet."""
        history = self._seen.get((group, at), [])
        found = bisect_right(history, offset, key=lambda commit: commit[1])
        return history[found][0] if found < len(history) else None

    def standstill(self, group: str, topic: str, *, since: float, until: float) -> float:
        """Return the longest time in which some partition of `topic` saw no commit of `group`."""
        longest = 0.0
        for (who, at), history in list(self._seen.items()):
            if who == group and at.topic == topic:
                inside = [moment for moment, _ in history if since < moment < until]
                gaps = (b - a for a, b in pairwise([since, *inside, until]))
                longest = max(longest, *gaps)
        return longest


@contextmanager
def committed(broker: KafkaBroker) -> Iterator[Commits]:
    """Look at what is committed until the block ends; some group must have met by now."""
    commits, eyes = Commits(), Eyes(broker, [TOPIC])

    def look(over: threading.Event) -> None:
        while not over.is_set():
            for record in eyes.look():
                commits.take(time.perf_counter(), record)

    with closing(eyes), beside(look):
        yield commits


def commit_in(record: Record) -> tuple[str, TopicPartition, int] | None:
    """Return group, partition and next offset that `record` of the offsets' topic tells."""
    if not record.key or not record.value:
        return None
    if struct.unpack_from(">h", record.key)[0] not in _OFFSETS:
        return None
    group, after = _text(record.key, 2)
    topic, after = _text(record.key, after)
    (partition,) = struct.unpack_from(">i", record.key, after)
    (offset,) = struct.unpack_from(">q", record.value, 2)
    return group, TopicPartition(topic, partition), offset


def _text(raw: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", raw, at)
    end = at + 2 + length
    return raw[at + 2 : end].decode(), end
