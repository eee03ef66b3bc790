"""Whether silence is the end of it: a question that is put to everybody upstream, one by one.

    payments ─▶ scorer ─▶ scored rows ─▶ windower ─▶ shares ─▶ detector
                              labels ─┘

Each is asked up to where its topic ended *after* the one before was done: a row that is under way
is met wherever it is. Where a topic ends is noted once, or one that is never at rest, as other
models' may be, would be waited for for ever.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from evermodel.common.events.catalogue import LABELS, TRANSACTIONS_PARTIALS, TRANSACTIONS_SCORED
from evermodel.common.messaging.partitioner import partition_of
from evermodel.common.models.description import ModelDescription
from evermodel.drift.handlers.idle import Idle
from evermodel.drift.ports import Backlog

Ends = Mapping[int, int]


@dataclass(slots=True)
class Question:
    """Whether the partitions in `silent` have nothing left that would be in the window at `start`.

    `answered`: by how many upstream. `ends`: what the next is asked about.
    """

    model: ModelDescription
    start: datetime
    silent: Idle
    answered: int = 0
    ends: Ends | None = None

    def covers(self, start: datetime, silent: Idle) -> bool:
        """Whether its answer is that of `silent`, too: for that window, and no partition more."""
        return (
            start == self.start
            and silent.scored <= self.silent.scored
            and silent.labels <= self.silent.labels
            and silent.labels_unheard <= self.silent.labels_unheard
        )

    def is_settled(self, backlog: Backlog) -> bool:
        """Ask on; return whether everybody has said that nothing is left."""
        for topic in list(self._topics())[self.answered :]:
            if self.ends is None:
                told = backlog.ends(topic)
                if told is None:
                    return False
                wanted = self._wanted(topic, told)
                self.ends = {number: end for number, end in told.items() if number in wanted}
            if not backlog.is_past(topic, self.ends):
                return False
            self.answered, self.ends = self.answered + 1, None
        return True

    def _topics(self) -> Iterator[str]:
        if self.silent.scored:
            yield from (self.model.stream.topic, TRANSACTIONS_SCORED.name)
        if self.silent.labels or self.silent.labels_unheard:
            yield LABELS.name
        yield TRANSACTIONS_PARTIALS.name

    def _wanted(self, topic: str, ends: Ends) -> Collection[int]:
        """Return the partitions that count: a scored row keeps the number of its payment's."""
        if topic == TRANSACTIONS_PARTIALS.name:
            return {partition_of(self.model.name.encode(), partitions=len(ends))}
        if topic == LABELS.name:
            return ends.keys() if self.silent.labels_unheard else self.silent.labels
        return self.silent.scored
