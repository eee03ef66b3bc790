"""Handing partitions to a service that keeps state, and telling it to forget them."""

from collections.abc import Iterable, Mapping, Sequence

from evermodel.common.events.catalogue import Topic
from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.api import Assignment, Restored
from evermodel.common.messaging.ports import Broker
from evermodel.common.messaging.preparing import Accepted
from evermodel.common.messaging.reading import read_whole
from evermodel.common.messaging.records import TopicPartition


class Keeper:
    """Reads state topics and calls the service's ``Assignment``."""

    def __init__(
        self, broker: Broker, *, state: Topic | None, assignment: Assignment | None
    ) -> None:
        self._broker = broker
        self._state = state
        self._assignment = assignment
        self.partition_of_key: dict[str, int] = {}

    def restore(
        self, committed: Mapping[TopicPartition, int | None]
    ) -> tuple[dict[TopicPartition, int | None], list[Accepted]]:
        """Restore every partition; return where to read each from, and the jobs to run again.

        The state is read after the offsets are known, through to its end: a transaction that
        decided those offsets is then in it.
        """
        starts = dict(committed)
        if self._assignment is None:
            return starts, []
        states = self._read({p.partition for p in committed})
        jobs = []
        for partition in sorted(committed, key=lambda p: (p.partition, p.topic)):
            restored = self._restored(partition, states, committed[partition])
            jobs += [Accepted(job, partition.partition) for job in restored.jobs]
            if restored.rewind_to is not None:
                starts[partition] = min(restored.rewind_to, committed[partition] or 0)
        return starts, jobs

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Tell the service to forget `partitions`."""
        if self._assignment is None:
            return
        for partition in sorted(partitions, key=lambda p: (p.partition, p.topic)):
            self._assignment.on_revoked(partition)

    def _restored(
        self,
        partition: TopicPartition,
        states: Mapping[int, Mapping[str, bytes]],
        committed: int | None,
    ) -> Restored:
        if self._assignment is None:
            return Restored()
        try:
            return self._assignment.on_restored(
                partition, states.get(partition.partition, {}), committed
            )
        except Exception as error:
            raise Fatal(f"the state of {partition} cannot be restored: {error!r}") from error

    def _read(self, numbers: set[int]) -> dict[int, dict[str, bytes]]:
        states: dict[int, dict[str, bytes]] = {number: {} for number in numbers}
        if self._state is None or not numbers:
            return states
        partitions = [TopicPartition(self._state.name, number) for number in sorted(numbers)]
        for record in read_whole(self._broker, partitions):
            _apply(states[record.partition], record.key, record.value)
        self.partition_of_key.clear()  # all that is ours is read here
        for number, state in states.items():
            self.partition_of_key |= dict.fromkeys(state, number)
        return states


def check_copartitioned(broker: Broker, topics: Sequence[str]) -> None:
    """Require that all of `topics` have as many partitions: one replica then owns p of each.

    Raises:
        Fatal: they have not.
    """
    counts = {topic: broker.partitions(topic) for topic in topics}
    if len(set(counts.values())) > 1:
        raise Fatal(f"topics of a service with state need equal partition counts: {counts}")


def _apply(state: dict[str, bytes], key: bytes | None, value: bytes | None) -> None:
    name = (key or b"").decode()
    if value is None:
        state.pop(name, None)
    else:
        state[name] = value
