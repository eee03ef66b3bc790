"""What a service tells the loop: which handlers answer which topics, and what they keep.

A handler takes one event (or a batch of records) and *returns* a ``Reaction``: the events that
follow, state to keep, work to run beside the loop. The loop publishes events and state and
commits the offsets in one Kafka transaction. Handlers know no broker and never see one.

A handler may change its memory before it raises. Whatever it raises, be it only that something
outside does not answer now, the loop commits what went well before, rebuilds the memory of the
whole replica from the state topic, and only then tries again, after the delay that was asked
for. For that a service that remembers anything has an ``Assignment``, and remembers nothing
that it cannot restore::

    handle ─▶ memory changed ─▶ raises ─▶ commit the ones before ─▶ forget ─▶ restore ─▶ again
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from evermodel.common.events.catalogue import Topic
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.ids import EventId, LifecycleId
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.observability.metrics import Metrics

P = TypeVar("P", bound=Payload)
P_contra = TypeVar("P_contra", bound=Payload, contravariant=True)


@dataclass(frozen=True, slots=True)
class Emit:
    """An event to publish. The loop gives it its id, cause, source, topic and key.

    The id derives from the cause, the type and the ordinal among the reaction's events of that
    type; with `identity` from the type and that natural key alone. `lifecycle_id` None means
    the cause's. `caused_by` names another event that this one follows from, where that is not the
    message itself: one of the same reaction, or one that a tick is still busy with.
    """

    payload: Payload
    time: datetime
    identity: str | None = None
    lifecycle_id: LifecycleId | None = None
    caused_by: EventId | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record of a batch that goes to the dead letter instead."""

    record: Record
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Long work that runs beside the loop, in a thread.

    Durable (returned together with state that says it was accepted): offsets are committed at
    once, `run` is called off the loop, and its result comes back to the service's ``on_done``,
    whose reaction is published in a transaction of its own. On restart the service's
    ``on_restored`` finds the accepted state again and returns the job anew, with the same key.
    `cause` is the event that asked for it: what the result emits derives its ids from it.
    """

    key: str
    cause: EventMeta
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows from a message.

    `state`: new values by key in the service's state topic; None deletes. `records`: ready
    records of the data plane. `rejected`: only from batch handlers. `jobs`: only with state.
    `partition`: only from ``on_tick``, where no record says whose state this is; keys that the
    loop has seen need none.
    """

    events: Sequence[Emit] = ()
    state: Mapping[str, bytes | None] = field(default_factory=dict)
    records: Sequence[Outgoing] = ()
    rejected: Sequence[Rejected] = ()
    jobs: Sequence[Job] = ()
    partition: int | None = None


NOTHING = Reaction()


@dataclass(frozen=True, slots=True)
class Held:
    """A reaction that takes long to work out and needs no durable acceptance.

    The loop pauses the partition, calls `work` in a thread, polls on, and commits the offset
    with the result: a crash before that repeats `work`, so its effects must be looked up
    before they are made. If another message fails meanwhile, this work is repeated too, while
    the old thread still runs.

    Where events of other partitions change the same state, `work` must not: what they say between
    its end and its commit would go out first, and its own older state last. It returns the rest
    instead, which the loop calls on its own thread, or never where the partition has gone or
    another message failed meanwhile; what the rest returns goes out next. That may be more held
    work::

        handler ─▶ Held(work) ─thread─▶ Reaction
                      ▲            └──▶ rest ─loop─▶ Reaction
                      └──────────────────────┘
    """

    work: Callable[[], "Reaction | Rest"]


Rest = Callable[[], Reaction | Held]


class EventHandler(Protocol[P_contra]):
    """Handles one event of one type."""

    def __call__(self, event: P_contra, meta: EventMeta, /) -> Reaction | Held: ...


class BatchHandler(Protocol):
    """Handles records of the data plane, in offset order within each partition.

    A service with a state topic gets one partition at a time. Events returned need an identity.
    """

    def __call__(self, records: Sequence[Record], /) -> Reaction: ...


@dataclass(frozen=True, slots=True)
class Route(Generic[P]):
    """Events of type `payload` of its catalogue topic go to `handler`, shared by the group."""

    payload: type[P]
    handler: EventHandler[P]


@dataclass(frozen=True, slots=True)
class BatchRoute:
    """Records of `topic` go to `handler` in batches, shared by the group."""

    topic: Topic
    handler: BatchHandler


@dataclass(frozen=True, slots=True)
class TableRoute(Generic[P]):
    """Every replica reads all of the topic from the beginning, before anything else starts.

    Order holds within a partition; one whose head waits holds up no other, once all were read.
    No offset is committed. What the handler returns is published (ids derive from the event, so
    only return events that each replica may say: see ``serving.applied``); while catching up at
    start reactions are dropped except for the last event of each key, which is handled once
    more, live, when the table has caught up. `latest_only`: each event replaces the ones before
    of its key, so at start only the last of each key is handled at all.
    """

    payload: type[P]
    handler: EventHandler[P]
    latest_only: bool = False


class Assignment(Protocol):
    """What the loop tells a service that keeps state, when partitions come and go.

    Told of each input partition in turn, ordered by number and topic. The same happens after a
    transaction was undone or a handler failed, in whatever way: memory may then be ahead of
    what was committed, so it is forgotten and restored.
    """

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> "Restored":
        """Take over `partition` with the state kept for it; `committed` is the next offset.

        What lies below `committed` is dealt with: handled, or given up, of which the state
        says nothing.
        """

    def on_revoked(self, partition: TopicPartition, /) -> None:
        """Forget everything about `partition`."""

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        """Turn the result of a job (or the exception it raised) into a reaction.

        Where that fails several times, the exception it failed with is the job's result: what
        a service says of a failure is made of as little as can be.
        """


@dataclass(frozen=True, slots=True)
class Restored:
    """`rewind_to`: read again from this offset (to refill buffers). `jobs`: to run again.

    What a handler returns for records below the committed offset is dropped: it was published
    the first time.
    """

    rewind_to: int | None = None
    jobs: Sequence[Job] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """A service, as the loop sees it.

    `name` is the consumer group and the event source (``/evermodel/<name>``); `service` names
    the dead-letter topic. `state` shares partition numbers with the inputs: state written while
    handling partition p lies in its partition p. `on_tick`: called about every second, busy or
    not, while partitions are ours, for those on which nothing happens; returns a reaction like a
    handler, whose events need an identity. `on_handover`: called for each partition before it goes
    to somebody else in good order; what spares the next owner work, and nothing that must be, since
    a crash passes it by. `metrics`: this process's, for what a handler counts
    itself; what its events say is counted for it.
    """

    name: str
    service: str
    routes: Sequence[Route] = ()  # type: ignore[type-arg]  # a mixed sequence
    batches: Sequence[BatchRoute] = ()
    tables: Sequence[TableRoute] = ()  # type: ignore[type-arg]  # a mixed sequence
    state: Topic | None = None
    assignment: Assignment | None = None
    on_tick: Callable[[], Reaction] | None = None
    on_handover: Callable[[TopicPartition], Reaction] | None = None
    metrics: Metrics = field(default_factory=Metrics)
