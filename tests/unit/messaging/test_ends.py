"""A service that is done with a partition has committed up to its end: markers hide no silence."""

from collections.abc import Sequence

from evermodel.common.events.catalogue import LABELS
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import NOTHING, BatchRoute, Reaction, ServiceSpec
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.testing.harness import Harness

GROUP = "drift-windower"
PLACE = TopicPartition(LABELS.name, 0)


class Reader:
    """A service of one topic that can be told to wait."""

    def __init__(self) -> None:
        self.waits = False
        self.harness = Harness(partitions=1)
        self.taken: list[bytes | None] = []
        spec = ServiceSpec(name=GROUP, service="drift", batches=[BatchRoute(LABELS, self.take)])
        self.loop = self.harness.add(spec, ticks=True)

    def take(self, records: Sequence[Record]) -> Reaction:
        if self.waits:
            raise Transient("told to")
        self.taken += [record.value for record in records]
        return NOTHING

    def write(self, *values: str, committed: bool = True) -> None:
        producer = self.harness.broker.producer(transactional_id="upstream")
        producer.begin()
        for value in values:
            producer.send(Outgoing(topic=LABELS.name, key=b"k", value=value.encode()))
        if committed:
            producer.commit({}, consumer=None)
        else:
            producer.abort()

    def turn(self, *, seconds: float = 0.0) -> None:
        self.harness.clock.advance(seconds)
        for _ in range(5):
            self.loop.step()

    @property
    def lag(self) -> int:
        return self.harness.broker.lags(GROUP)[PLACE]


def test_an_end_behind_markers_is_committed_with_the_next_second() -> None:
    reader = Reader()
    reader.write("1", "2")
    reader.write("3", committed=False)
    reader.turn()
    assert (reader.taken, reader.lag) == ([b"1", b"2"], 3)
    reader.turn(seconds=1.5)
    assert reader.lag == 0


def test_no_end_is_committed_past_a_record_that_waits() -> None:
    reader = Reader()
    reader.turn()
    reader.waits = True
    reader.write("1")
    for _ in range(5):
        reader.turn(seconds=1.5)
    assert reader.lag == 2
    reader.waits = False
    reader.turn(seconds=60.0)
    reader.turn(seconds=1.5)
    assert (reader.taken, reader.lag) == ([b"1"], 0)


def test_what_is_committed_already_makes_no_transaction() -> None:
    reader = Reader()
    reader.write("1")
    reader.turn(seconds=1.5)
    reader.turn(seconds=1.5)
    assert reader.lag == 0
    assert not any(reader.loop.step() for _ in range(3))
