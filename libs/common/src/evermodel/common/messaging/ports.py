"""What the loop needs of a broker. Kafka and the in-memory broker keep the same promises.

The semantics are in these docstrings; ``tests/contract/messaging`` asks both implementations.
Nothing here knows a service.

Reads are ``read_committed``: a record shows when its transaction has been committed, and none
behind an open transaction of the same partition shows before that one ends. Offsets ascend
within a partition but have gaps (transaction markers, aborted records): never count with them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from evermodel.common.kernel.errors import Fatal
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition


class TransactionAborted(Exception):
    """The transaction was undone: nothing of it shows. Read again from the committed offsets."""


class Fenced(Fatal):
    """Another process took this one's place: whatever this one still does is refused."""


class BrokerUnavailable(Fatal):
    """The broker does not answer, or refuses us: nothing can be done from here."""


class Listener(Protocol):
    """Told of assignments from inside ``Consumer.poll``, on the thread that polls."""

    def on_assigned(
        self, partitions: Sequence[TopicPartition], /
    ) -> Mapping[TopicPartition, int | None]:
        """Take `partitions` over; return where to read each from (None: the beginning).

        Revocation is eager: before this every partition held so far was revoked or lost.
        """

    def on_revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        """Let go of `partitions`; a commit from in here still counts."""

    def on_lost(self, partitions: Sequence[TopicPartition], /) -> None:
        """`partitions` belong to somebody else already; a commit would be refused."""


class Consumer(Protocol):
    """A member of a consumer group. Commits nothing by itself."""

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        """Return up to `limit` records, at once when there are some, in offset order each.

        Calling it keeps the membership alive, also while everything is paused.
        """

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Return no more records of `partitions` until resumed."""

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        """Go on from the record after the last returned."""

    def committed(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int | None]:
        """Return the group's next offset of each partition, None where nothing was committed.

        Waits for transactions that are deciding it just now.

        Raises:
            Fatal: a partition ends before what the group has read of it.
        """

    def restart(self, starts: Mapping[TopicPartition, int | None]) -> None:
        """Read every assigned partition again from `starts` (None: the beginning), unpaused."""

    def lag(self) -> Mapping[TopicPartition, int]:
        """Return how many offsets lie ahead, where that is known."""

    def ends(self) -> Mapping[TopicPartition, int]:
        """Return where each partition ends of which all that shows has been returned.

        Past markers and aborted records: a group that commits these has nothing left to read.
        """

    def close(self) -> None:
        """Stop reading. A static member keeps its partitions until its session times out."""


class Producer(Protocol):
    """A transactional producer. One transaction at a time, on one thread.

    Making a second one with the same transactional id fences the first.
    """

    def begin(self) -> None:
        """Start a transaction."""

    def send(self, record: Outgoing) -> None:
        """Add `record`; its key decides the partition unless it names one."""

    def commit(self, offsets: Mapping[TopicPartition, int], *, consumer: Consumer | None) -> None:
        """Make all that was sent visible together with the group's next `offsets`, or nothing.

        Raises:
            TransactionAborted: it was undone; a rebalance took partitions away meanwhile.
            Fenced: another producer has this transactional id.
        """

    def abort(self) -> None:
        """Undo the open transaction."""

    def close(self) -> None:
        """Undo what is open and let go."""


class Reader(Protocol):
    """Reads whole partitions from the beginning, outside any group."""

    def poll(self, *, limit: int, timeout_seconds: float) -> Sequence[Record]:
        """Return up to `limit` records."""

    def caught_up(self) -> bool:
        """Whether all that the partitions held when the reader was made has been returned.

        Counts transactions that were open then: their outcome is waited for.
        """

    def close(self) -> None:
        """Stop reading."""


class Broker(Protocol):
    """Where topics live."""

    def partitions(self, topic: str) -> int:
        """Return the partition count of `topic`.

        Raises:
            BrokerUnavailable: there is no such topic, or no answer.
        """

    def consumer(
        self, *, group: str, instance: str, topics: Sequence[str], listener: Listener
    ) -> Consumer:
        """Join `group` as its static member `instance`.

        Topics with the same number of partitions are assigned alike: one member owns partition
        p of all of them.
        """

    def producer(self, *, transactional_id: str) -> Producer:
        """Return a producer, having fenced and undone what its predecessor left open."""

    def reader(self, partitions: Sequence[TopicPartition]) -> Reader:
        """Return a reader of `partitions`."""

    def record(self, at: TopicPartition, *, offset: int) -> Record | None:
        """Return the record of `at` at `offset`; None where there is none, any more or yet."""

    def publish(self, records: Iterable[Outgoing]) -> None:
        """Write `records` outside any transaction and wait until they are safe.

        For what stands at the edge (drivers, the command line), which owes nobody an offset.
        """

    def close(self) -> None:
        """Let go of every connection."""
