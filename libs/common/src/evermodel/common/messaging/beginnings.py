"""Says it aloud when a group begins at records that lay there long before it.

A group's offsets are gone when somebody deletes it, or when the broker forgets one that was empty
for a week (``offsets.retention.minutes``). It then looks new, and does all again: events come
under their ids, but rows of the data plane stand twice. Nobody can tell the two from here, so a
person is told. Must never decide where a group begins.
"""

import logging
from collections.abc import Mapping

from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.records import Record, TopicPartition

_LOG = logging.getLogger(__name__)

#: A new installation's services are there sooner after its first records than this.
LONG_PAST_SECONDS = 300.0


class Beginnings:
    """The partitions that `group` reads from their beginning, for want of an offset."""

    def __init__(self, group: str, *, clock: Clock) -> None:
        self._group, self._clock = group, clock
        self._unread: set[tuple[str, int]] = set()
        self._told: set[str] = set()

    def note_offsets(self, committed: Mapping[TopicPartition, int | None]) -> None:
        """Take in what the group has committed of each partition that is ours."""
        self._unread = {(p.topic, p.partition) for p, at in committed.items() if at is None}

    def note_first(self, record: Record) -> None:
        """Look at `record` if it is the first of a partition; each topic is told of once."""
        place = record.topic, record.partition
        if place not in self._unread:
            return
        self._unread.remove(place)
        age = self._clock.now().timestamp() - record.timestamp_ms / 1000
        is_dated = record.timestamp_ms > 0
        if is_dated and age > LONG_PAST_SECONDS and record.topic not in self._told:
            self._told.add(record.topic)
            _LOG.warning(
                "group %s has no offsets for %s: it reads from the beginning; if it is not new, "
                "what it says comes again",
                *(self._group, record.topic),
            )
