"""Consumer groups in memory: eager range assignment, generations, committed offsets."""

from collections.abc import Callable, Collection, Mapping, Sequence

from evermodel.common.messaging.memory_log import Log
from evermodel.common.messaging.ports import Fenced, Listener
from evermodel.common.messaging.records import Record, TopicPartition


class Group:
    """Members, their partitions, and the offsets committed for all of them."""

    def __init__(
        self,
        name: str,
        partitions: Callable[[str], int],
        log: Callable[[TopicPartition], Log],
    ) -> None:
        self.name = name
        self.committed: dict[TopicPartition, int] = {}
        self.members: dict[str, MemoryConsumer] = {}
        self.generation = 0
        self.topics: set[str] = set()
        self._partitions = partitions
        self.log = log

    def join(self, instance: str, topics: Sequence[str], listener: Listener) -> "MemoryConsumer":
        """Add a member; one with the same instance name is fenced, as a static member is."""
        before = self.members.get(instance)
        if before is not None:
            before.fence()
        member = MemoryConsumer(self, instance, topics, listener)
        self.members[instance] = member
        self.topics |= set(topics)
        self.generation += 1
        return member

    def rejoin(self, member: "MemoryConsumer") -> None:
        """Take a member back that was expelled."""
        self.members[member.instance] = member
        self.generation += 1

    def leave(self, instance: str) -> None:
        """Remove a member, as its session's timeout does, and give its share to the others."""
        if self.members.pop(instance, None) is not None:
            self.generation += 1

    def is_complete(self) -> bool:
        """Whether every member has let go of the generation before: only then one assigns."""
        return all(member.joined == self.generation for member in self.members.values())

    def all_partitions(self, topics: Collection[str]) -> Sequence[TopicPartition]:
        """Return every partition of `topics`."""
        return [TopicPartition(t, p) for t in sorted(topics) for p in range(self._partitions(t))]

    def share_of(self, member: "MemoryConsumer") -> Sequence[TopicPartition]:
        """Return the range of each topic that belongs to `member`."""
        share = []
        for topic in member.topics:
            names = sorted(n for n, m in self.members.items() if topic in m.topics)
            position, count = names.index(member.instance), self._partitions(topic)
            each, extra = divmod(count, len(names))
            first = position * each + min(position, extra)
            share += [
                TopicPartition(topic, p)
                for p in range(first, first + each + (1 if position < extra else 0))
            ]
        return share


class MemoryConsumer:
    """One member. Learns of a rebalance at its next poll, as with Kafka."""

    def __init__(
        self, group: Group, instance: str, topics: Sequence[str], listener: Listener
    ) -> None:
        self.group = group
        self.instance = instance
        self.topics = tuple(topics)
        self.joined = -1
        self._listener = listener
        self._assigned = -1
        self._next: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._turn = 0
        self._fenced = False

    @property
    def is_current(self) -> bool:
        """Whether its commits still count: nobody else has been given its partitions."""
        return self.group.members.get(self.instance) is self and self.joined == self._assigned

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        if self._fenced or self.group.members.get(self.instance, self) is not self:
            raise Fenced(f"another member of {self.group.name} is {self.instance!r} now")
        self._rebalance()
        found: list[Record] = []
        # Start with another partition each time, so that a busy one does not starve the rest.
        partitions = list(self._next)
        turn = self._turn % max(len(partitions), 1)
        self._turn += 1
        for partition in (*partitions[turn:], *partitions[:turn]):
            if len(found) >= limit:
                break
            if partition not in self._paused:
                log = self.group.log(partition)
                records, after = log.visible(self._next[partition], limit=limit - len(found))
                self._next[partition] = after
                found += records
        return found

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        self._paused |= set(partitions)

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        self._paused -= set(partitions)

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int | None]:
        return {partition: self.group.committed.get(partition) for partition in partitions}

    def restart(self, starts: Mapping[TopicPartition, int | None]) -> None:
        self._paused = set()
        self._next = {p: start or 0 for p, start in starts.items()}

    def lag(self) -> Mapping[TopicPartition, int]:
        return {p: self.group.log(p).end - offset for p, offset in self._next.items()}

    def ends(self) -> Mapping[TopicPartition, int]:
        logs = {p: self.group.log(p) for p in self._next}
        return {p: o for p, o in self._next.items() if o >= logs[p].stable_end}

    def close(self) -> None:
        if not self._fenced:
            self._fenced = True
            self.group.leave(self.instance)

    def fence(self) -> None:
        """Another member has its name now."""
        self._fenced = True

    def _rebalance(self) -> None:
        if self.instance not in self.group.members:
            self._listener.on_lost(list(self._next))
            self._next = {}
            self.group.rejoin(self)
        if self.joined != self.group.generation:
            if self._next:
                self._listener.on_revoked(list(self._next))
            self._next, self._paused = {}, set()
            self.joined = self.group.generation
        if self._assigned != self.joined and self.group.is_complete():
            self._assigned = self.joined
            self.restart(self._listener.on_assigned(self.group.share_of(self)))
