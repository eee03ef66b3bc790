"""A service over the in-memory broker: publish, run until quiet, look at what came out.

For unit tests of services and of the loop. Everything is inline and the clock stands still.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from evermodel.common.events.catalogue import CATALOGUE, topic_of
from evermodel.common.events.codec import decode
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.ids import LifecycleId
from evermodel.common.messaging.api import Emit, ServiceSpec
from evermodel.common.messaging.beside import Beside, Inline
from evermodel.common.messaging.deadletter import DeadLetter, decode_dead_letter
from evermodel.common.messaging.emission import emissions
from evermodel.common.messaging.faultpoints import FaultPoint, nowhere
from evermodel.common.messaging.lockstep import SimulatedClock, run_until_quiet
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.records import Outgoing, Record
from evermodel.common.settings.loop import LoopSettings

P = TypeVar("P", bound=Payload)


class Harness:
    """One broker, one clock, and the loops that a test adds."""

    def __init__(self, *, partitions: int = 2, topics: Mapping[str, int] | None = None) -> None:
        """Hold every topic of the catalogue with `partitions` each, and `topics` besides."""
        self.clock = SimulatedClock()
        counts = {topic.name: partitions for topic in CATALOGUE} | dict(topics or {})
        self.broker = MemoryBroker(counts, wall_ms=lambda: int(self.clock.now().timestamp() * 1e3))
        self.loops: dict[str, Loop] = {}
        self._published = 0

    def add(
        self,
        spec: ServiceSpec,
        *,
        instance: str = "0",
        at: FaultPoint = nowhere,
        settings: LoopSettings | None = None,
        ticks: bool = False,
        beside: Beside | None = None,
    ) -> Loop:
        """Start a replica; one with the same name and instance replaces, and fences, it.

        `beside`: where its long work runs; at once unless said.
        """
        loop = Loop(
            spec,
            broker=self.broker,
            clock=self.clock,
            settings=settings,
            instance=instance,
            beside=Inline() if beside is None else beside,
            at=at,
            ticks=ticks,
        )
        self.loops[f"{spec.name}-{instance}"] = loop
        return loop

    def remove(self, loop: Loop) -> None:
        """Take a replica out without a word, as a crash does."""
        self.loops = {name: other for name, other in self.loops.items() if other is not loop}

    def run(self) -> None:
        """Turn every loop until nothing moves."""
        run_until_quiet(list(self.loops.values()), clock=self.clock)

    def publish(
        self, payload: Payload, *, time: datetime, lifecycle_id: LifecycleId | None = None
    ) -> None:
        """Publish an event as the outside world would; ids count up from the first."""
        self._published += 1
        emit = Emit(payload, time, identity=f"test/{self._published}", lifecycle_id=lifecycle_id)
        self.broker.publish(emissions([emit], cause=None, source="/test"))

    def publish_records(self, records: Sequence[Outgoing]) -> None:
        """Publish ready records, e.g. of the data plane, or broken ones."""
        self.broker.publish(records)

    def events(self, payload: type[P]) -> list[Event[P]]:
        """Return all events of a lifecycle topic, partition by partition."""
        records = self.records(topic_of(payload).name)
        return [decode(payload, value=r.value, headers=r.headers) for r in records]

    def records(self, topic: str) -> Sequence[Record]:
        """Return all committed records of `topic`."""
        return self.broker.records(topic)

    def dead_letters(self, service: str) -> list[DeadLetter]:
        """Return what `service` gave up."""
        return [decode_dead_letter(r.value) for r in self.records(f"{service}.dead-letter")]

    def state(self, topic: str) -> dict[str, bytes]:
        """Return what a compacted topic holds: the last value of each key."""
        latest = {(r.key or b"").decode(): r.value for r in self.records(topic)}
        return {key: value for key, value in latest.items() if value is not None}


def crash_at(moment: str, *, times: int = 1, after: int = 0) -> Callable[[str], None]:
    """Return a fault point that raises ``Crashed`` at `moment`, `times` times, after `after`."""
    seen = 0

    def point(reached: str, /) -> None:
        nonlocal seen
        if reached == moment:
            seen += 1
            if after < seen <= after + times:
                raise Crashed(moment)

    return point


class Crashed(BaseException):
    """Stands for ``kill -9``: nothing may catch it, nothing runs after it."""
