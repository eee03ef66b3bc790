"""The windower: every scored row into its window's counters and into the lake, exactly once.

    record ─▶ decode ─▶ in time? ─▶ tally of (model, window) ─▶ state topic, with the offset
                          │                └▶ watermark passed the end ─▶ partial
                          └ late ─▶ a correction of its own window

Counters and position are committed together. The lake is not: rows wait in memory until their
window ends, their chunk is full or the partition is given away. After a crash the partition is
read again from the start of its chunk, to refill the buffer without being counted twice.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from evermodel.common.events.catalogue import LABELS
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.api import NOTHING, Reaction, Restored
from evermodel.common.messaging.records import Record, TopicPartition
from evermodel.drift.handlers.decoding import Models
from evermodel.drift.handlers.labels_partition import LabelsPartition
from evermodel.drift.handlers.partition import Output
from evermodel.drift.handlers.scored_partition import ScoredPartition
from evermodel.drift.handlers.wild_dates import WildDates
from evermodel.drift.ports import PartitionCount, References, RowLake, TallyCodec
from evermodel.lake.layout import chunk_of


class Windower:
    """One replica of the windower, with the partitions it was given."""

    def __init__(  # its ports
        self,
        *,
        models: Models,
        references: References,
        lake: RowLake,
        codec: TallyCodec,
        partitions: PartitionCount,
        clock: Clock | None = None,
    ) -> None:
        """`clock`: what a partition's first date is held against; None: it is taken as it is."""
        self._wild = WildDates(clock)
        self._models = models
        self._references = references
        self._lake = lake
        self._codec = codec
        self._count = partitions
        self._owned: dict[TopicPartition, ScoredPartition | LabelsPartition] = {}

    def on_records(self, records: Sequence[Record]) -> Reaction:
        """Count and keep `records` of either stream.

        A batch may have to wait, because the lake does not answer or a reference is not there
        yet: memory is then ahead of the state topic, and the loop rebuilds it.
        """
        output = Output()
        for where, group in _by_partition(records).items():
            owned = self._partition(where)
            for chunk, run in groupby(group, key=lambda record: chunk_of(record.offset)):
                owned.take(list(run), chunk=chunk, output=output)
            owned.save(output)
        return Reaction(events=output.events, state=output.state, rejected=output.rejected)

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None
    ) -> Restored:
        """Take over a partition, and have its current chunk read again for the lake."""
        self._owned.pop(partition, None)
        owned = self._partition(partition)
        # The chunk of the last record: it may have ended there, and not be written yet.
        return Restored(rewind_to=owned.restore(state, committed=committed or 0))

    def on_handover(self, partition: TopicPartition) -> Reaction:
        """Leave nothing of a partition unwritten."""
        output = Output()
        if partition in self._owned:
            self._owned[partition].hand_over(output)
        return Reaction(state=output.state)

    def on_revoked(self, partition: TopicPartition) -> None:
        """Forget a partition; its next owner reads what was not written."""
        self._owned.pop(partition, None)

    def on_done(self, key: str, cause: EventMeta, result: object) -> Reaction:
        """The windower starts no jobs."""
        return NOTHING

    def _partition(self, where: TopicPartition) -> ScoredPartition | LabelsPartition:
        if where not in self._owned:
            self._owned[where] = self._new(where)
        return self._owned[where]

    def _new(self, where: TopicPartition) -> ScoredPartition | LabelsPartition:
        if where.topic == LABELS.name:
            return LabelsPartition(
                partition=where.partition,
                partitions=self._count(where.topic),
                models=self._models,
                lake=self._lake,
                wild=self._wild,
            )
        return ScoredPartition(
            partition=where.partition,
            partitions=self._count(where.topic),
            models=self._models,
            lake=self._lake,
            references=self._references,
            codec=self._codec,
            wild=self._wild,
        )


def _by_partition(records: Sequence[Record]) -> dict[TopicPartition, list[Record]]:
    groups: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        groups.setdefault((record.topic, record.partition), []).append(record)
    return {TopicPartition(*where): group for where, group in groups.items()}
