"""This replica's share of the group: which partitions, how far each is committed, what waits.

Owns the consumer, the lanes, and backpressure: a partition with records waiting is paused. Must
never handle a record, nor touch a transaction. ``loop.py`` tells it what the group decided.
"""

from collections.abc import Iterable, Mapping, Sequence

from evermodel.common.events.catalogue import topic_of
from evermodel.common.kernel.clock import Clock
from evermodel.common.messaging.api import ServiceSpec
from evermodel.common.messaging.beginnings import Beginnings
from evermodel.common.messaging.lane import AnyRoute, Lane
from evermodel.common.messaging.ports import Broker, Consumer, Listener
from evermodel.common.messaging.preparing import Accepted
from evermodel.common.messaging.records import TopicPartition
from evermodel.common.messaging.restoring import Keeper

Starts = Mapping[TopicPartition, int | None]


class Share:
    """What the group has given this replica. `positions`: next offsets, as last committed.

    `is_assigned`: whether the group has said what is ours, be it nothing, and not taken it back.
    """

    def __init__(self, spec: ServiceSpec, *, keeper: Keeper, clock: Clock) -> None:
        self._name = spec.name
        self._keeper = keeper
        self._beginnings = Beginnings(spec.name, clock=clock)
        self.routes = _routes(spec)
        self.consumer: Consumer | None = None
        self.positions: dict[TopicPartition, int] = {}
        self.was_full = False
        self.is_assigned = False
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._paused: set[TopicPartition] = set()

    @property
    def lanes(self) -> list[Lane]:
        """A lane for each partition that is ours now."""
        return list(self._lanes.values())

    @property
    def numbers(self) -> set[int]:
        """The numbers of our partitions: state is kept by them."""
        return {lane.partition.partition for lane in self._lanes.values()}

    def join(self, broker: Broker, *, instance: str, listener: Listener) -> None:
        """Join the group, once; partitions come at a later poll."""
        if self.consumer is None and self.routes:
            self.consumer = broker.consumer(
                group=self._name, instance=instance, topics=list(self.routes), listener=listener
            )

    def poll(self, *, limit: int, timeout_seconds: float) -> int:
        """Read on into the lanes; return how many records came. The listener is told inside."""
        if self.consumer is None:
            return 0
        records = self.consumer.poll(limit=limit, timeout_seconds=timeout_seconds)
        self.was_full = len(records) >= limit
        for record in records:
            lane = self._lanes.get((record.topic, record.partition))
            if lane is not None:
                lane.queue.append(record)
                self._beginnings.note_first(record)
        return len(records)

    def steer(self) -> None:
        """Pause what has records waiting, go on with what has none: that is backpressure."""
        if self.consumer is None:
            return
        busy = {lane.partition for lane in self._lanes.values() if lane.queue}
        if busy - self._paused:
            self.consumer.pause(busy - self._paused)
        if self._paused - busy:
            self.consumer.resume(self._paused - busy)
        self._paused = busy

    def take_over(self, partitions: Iterable[TopicPartition]) -> tuple[Starts, Sequence[Accepted]]:
        """Begin anew with `partitions`; return where to read each from, and jobs to run again."""
        self._lanes = {}
        for partition in partitions:
            lane = Lane(partition, self.routes[partition.topic])
            self._lanes[partition.topic, partition.partition] = lane
        restored = self._restore()
        self.is_assigned = True
        return restored

    def let_go(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget `partitions`, which are all that we had: revocation is eager."""
        self.is_assigned = False
        self._keeper.revoke(partitions)
        self._lanes, self.positions, self._paused = {}, {}, set()

    def start_over(self) -> Sequence[Accepted]:
        """Forget what is in memory and go on from the last commit; return jobs to run again.

        The lanes stay: they know how often their head has failed.
        """
        for lane in self._lanes.values():
            lane.forget()
        self._keeper.revoke(lane.partition for lane in self._lanes.values())
        starts, jobs = self._restore()
        self._member.restart(starts)
        return jobs

    def lag(self) -> Mapping[TopicPartition, int]:
        """Return how many offsets lie ahead, where that is known."""
        return self.consumer.lag() if self.consumer else {}

    def read_to_the_end(self) -> Mapping[TopicPartition, int]:
        """Return where the partitions end that we are done with, if that is not committed yet."""
        ends = self.consumer.ends() if self.consumer else {}
        done = {lane.partition for lane in self._lanes.values() if not lane.queue}
        return {p: end for p, end in ends.items() if p in done and end > self.positions.get(p, 0)}

    def close(self) -> None:
        """Leave the group."""
        if self.consumer is not None:
            self.consumer.close()
        self.consumer, self._lanes, self.is_assigned = None, {}, False

    @property
    def _member(self) -> Consumer:
        if self.consumer is None:
            raise RuntimeError("the loop has not joined its group")
        return self.consumer

    def _restore(self) -> tuple[Starts, Sequence[Accepted]]:
        committed = self._member.committed([lane.partition for lane in self._lanes.values()])
        self._beginnings.note_offsets(committed)
        starts, jobs = self._keeper.restore(committed)
        for lane in self._lanes.values():
            lane.replay_until = committed[lane.partition] or 0
            # What lies past the last commit has lost its letter with the transaction: once more.
            again = range(starts[lane.partition] or 0, lane.replay_until)
            lane.given_up = {offset for offset in lane.given_up if offset in again}
        self.positions = {p: offset for p, offset in committed.items() if offset is not None}
        self._paused = set()
        return starts, jobs


def _routes(spec: ServiceSpec) -> dict[str, AnyRoute]:
    routes: dict[str, AnyRoute] = {}
    by_topic: list[tuple[str, AnyRoute]] = [
        *((topic_of(route.payload).name, route) for route in spec.routes),
        *((route.topic.name, route) for route in spec.batches),
    ]
    for topic, route in by_topic:
        if topic in routes:
            raise ValueError(f"{spec.name} has two routes for {topic}")
        routes[topic] = route
    return routes
