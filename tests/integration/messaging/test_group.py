"""What a real group does to work that is under way: long work, stalls, partitions that move."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

import pytest

from evermodel.common.events.catalogue import (
    DEPLOYER_STATE,
    LIFECYCLE_COMMANDS,
    MODEL_TRAINED,
    TRANSACTIONS,
    TRANSACTIONS_SCORED,
)
from evermodel.common.events.codec import decode
from evermodel.common.events.training import ModelTrained
from evermodel.common.messaging import kafka_consumer, kafka_producer
from evermodel.common.messaging.api import BatchRoute, Reaction, ServiceSpec
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.faultpoints import Moment
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.ports import BrokerUnavailable, Fenced
from evermodel.common.messaging.reading import partitions_of, read_whole
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.testing.sample import START, Counting, Working, command
from evermodel.embedded.testing import connected
from tests.integration.groups import Group

#: The group gives a member up that has not polled for this long; the shortest Kafka allows here.
POLL_LIMIT_SECONDS = 6.0
LONGER_SECONDS = POLL_LIMIT_SECONDS + 2.5
#: The longest session that a broker takes unless it is told otherwise.
LONGEST_SESSION_MS = 1_800_000


@pytest.fixture
def broker(own_kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaBroker]:
    monkeypatch.setitem(
        kafka_consumer.CONSUMER, "max.poll.interval.ms", int(POLL_LIMIT_SECONDS * 1000)
    )
    with connected(own_kafka_bootstrap) as made:
        yield made


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def everything(broker: KafkaBroker, topic: str) -> list[Record]:
    return read_whole(broker, partitions_of(broker, [topic]))


def answers(broker: KafkaBroker, *, model: str) -> list[str]:
    events = [
        decode(ModelTrained, value=record.value, headers=record.headers)
        for record in everything(broker, MODEL_TRAINED.name)
        if (record.key or b"").startswith(model.encode())
    ]
    return [f"{event.payload.model}: {event.payload.reason}" for event in events]


class Watched(Loop):
    """A loop that remembers what the group told it."""

    def __init__(self, spec: ServiceSpec, broker: KafkaBroker, **how: object) -> None:
        super().__init__(spec, broker=broker, clock=SystemClock(), **how)  # type: ignore[arg-type]
        self.told: list[str] = []

    def on_assigned(self, partitions, /):  # type: ignore[no-untyped-def]  # as the loop's
        self.told.append("assigned")
        return super().on_assigned(partitions)

    def on_revoked(self, partitions: Sequence[TopicPartition], /) -> None:
        self.told.append("revoked")
        super().on_revoked(partitions)

    def on_lost(self, partitions: Sequence[TopicPartition], /) -> None:
        self.told.append("lost")
        super().on_lost(partitions)


def turn(*loops: Loop, until: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it never came"
        for loop in loops:
            loop.step(timeout_seconds=0.02)


def slow(spec_of: str, starts: list[str]) -> ServiceSpec:
    """Return a service whose work for model ``slow…`` takes longer than the poll limit."""

    def work(model: str) -> None:
        starts.append(model)
        if model.startswith("slow"):
            time.sleep(LONGER_SECONDS)  # that is what long work does

    if spec_of == "held":
        counting = Counting(before=lambda event, _meta: work(event.model), held=True)
        return counting.spec(name="long-held")
    spec = Working(work).spec(name="long-job")
    return replace(spec, state=DEPLOYER_STATE)  # what others keep on this broker is no job


@pytest.mark.parametrize("kind", ["held", "job"])
def test_work_longer_than_the_poll_limit_keeps_the_membership_and_commits_once(
    broker: KafkaBroker, stack: ExitStack, kind: str
) -> None:
    starts: list[str] = []
    loop = stack.enter_context(Watched(slow(kind, starts), broker))
    models = [f"slow-{kind}", *(f"quick-{kind}-{i}" for i in range(8))]
    broker.publish(
        new_event(
            command(0, model=model).model_copy(update={"why": model if kind == "job" else "0"}),
            time=START,
            source="/test",
            identity=model,
        )
        for model in models
    )

    def found() -> int:
        return sum(len(answers(broker, model=name)) for name in (f"slow-{kind}", f"quick-{kind}"))

    turn(loop, until=lambda: len(answers(broker, model=f"quick-{kind}")) > 0)
    assert not answers(broker, model=f"slow-{kind}"), "its neighbours wait for nobody"
    turn(loop, until=lambda: found() == len(models))
    assert [starts.count(model) for model in models] == [1] * len(models)
    assert loop.told == ["assigned"]
    loop.close()
    # Nothing is read again: all of it was committed by the member that did it.
    again: list[str] = []
    after = stack.enter_context(Watched(slow(kind, again), broker))
    turn(after, until=lambda: "assigned" in after.told)
    for _ in range(20):
        after.step(timeout_seconds=0.05)
    assert not set(again) & set(models)
    assert found() == len(models)


def passing(name: str) -> ServiceSpec:
    """Return a service that passes the rows of `name` on."""

    def pass_on(records: Sequence[Record], /) -> Reaction:
        ours = [r for r in records if (r.value or b"").startswith(name.encode())]
        return Reaction(
            records=[
                Outgoing(
                    topic=TRANSACTIONS_SCORED.name, key=r.key, value=r.value, partition=r.partition
                )
                for r in ours
            ]
        )

    return ServiceSpec(name=name, service="scorer", batches=[BatchRoute(TRANSACTIONS, pass_on)])


def rows(name: str, numbers: range) -> list[Outgoing]:
    return [
        Outgoing(topic=TRANSACTIONS.name, key=b"%d" % i, value=f"{name}/{i}".encode())
        for i in numbers
    ]


def passed(broker: KafkaBroker, name: str) -> Counter[str]:
    values = [(r.value or b"").decode() for r in everything(broker, TRANSACTIONS_SCORED.name)]
    return Counter(value for value in values if value.startswith(f"{name}/"))


def wanted(name: str, count: int) -> Counter[str]:
    return Counter(f"{name}/{i}" for i in range(count))


#: Gathers long, by few rows at a time: whatever happens, happens within a transaction. Longer
#: than the stall below, shorter than Kafka's own limit on a transaction.
GATHERING = LoopSettings(batch_rows=20, slice_seconds=9.0)


class Pair:
    """Two replicas that pass rows on, both turned by the test's own thread."""

    def __init__(self, name: str, broker: KafkaBroker, bootstrap: str, stack: ExitStack) -> None:
        self._name, self._broker, self._stack = name, broker, stack
        self._group = Group(name, bootstrap)
        self.moments: dict[str, Counter[str]] = {}

    def start(self, instance: str) -> Watched:
        moments = self.moments[instance] = Counter[str]()

        def at(moment: Moment, /) -> None:
            moments[moment] += 1

        spec = passing(self._name)
        # A tick commits the end of what lay there before: moments that are not meant here.
        how = {"instance": instance, "settings": GATHERING, "at": at, "ticks": False}
        return self._stack.enter_context(Watched(spec, self._broker, **how))

    def has_gathered(self, instance: str) -> bool:
        """Whether it has an open transaction with many batches in it."""
        moments = self.moments[instance]
        return moments["sent"] >= 5 and not moments["committing"]

    def finish(self, *loops: Loop) -> None:
        """Turn until every row is done: only then nothing is open, and reading waits for nobody."""
        turn(*loops, until=lambda: self._group.has_done_all(TRANSACTIONS.name), seconds=60)

    def stall(self, stalled: Watched, other: Watched, *, count: int) -> None:
        """Let `stalled`, which is "a", gather of `count` rows and stall until it is missed."""
        for moments in self.moments.values():
            moments.clear()  # what lay there before
        self._broker.publish(rows(self._name, range(count)))
        turn(stalled, until=lambda: self.has_gathered("a"))
        before = other.told.count("assigned")
        turn(other, until=lambda: other.told.count("assigned") > before)


def test_a_rebalance_within_a_gathered_batch_loses_and_doubles_nothing(
    broker: KafkaBroker, own_kafka_bootstrap: str, stack: ExitStack
) -> None:
    name, count = "moved", 3000
    pair = Pair(name, broker, own_kafka_bootstrap, stack)
    broker.publish(rows(name, range(count)))
    first = pair.start("a")
    turn(first, until=lambda: pair.has_gathered("a"))
    second = pair.start("b")
    turn(first, second, until=lambda: first.told == ["assigned", "revoked", "assigned"])
    assert pair.moments["a"]["committed"] == 1, "what was gathered was committed on the way out"
    broker.publish(rows(name, range(count, 2 * count)))  # the first may have handled all before
    pair.finish(first, second)
    assert pair.moments["b"]["handled"], "the other has its share"
    assert passed(broker, name) == wanted(name, 2 * count)


def test_what_a_replica_gathered_that_stalled_beyond_the_poll_limit_is_done_by_the_other(
    broker: KafkaBroker,
    own_kafka_bootstrap: str,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stalled longer than the poll limit, not than its transaction may stay open."""
    monkeypatch.setitem(kafka_producer.TRANSACTIONAL, "transaction.timeout.ms", 300_000)
    name, count = "stalled", 3000
    pair = Pair(name, broker, own_kafka_bootstrap, stack)
    stalled, other = pair.start("a"), pair.start("b")
    turn(stalled, other, until=lambda: "assigned" in stalled.told and "assigned" in other.told)
    pair.finish(stalled, other)
    pair.stall(stalled, other, count=count)
    turn(stalled, other, until=lambda: "lost" in stalled.told)
    assert not pair.moments["a"]["committed"], "what it had gathered was undone"
    pair.finish(stalled, other)
    assert passed(broker, name) == wanted(name, count)


def test_a_replica_that_stalled_longer_than_its_transaction_may_stay_open_stops(
    broker: KafkaBroker,
    own_kafka_bootstrap: str,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The broker has undone it and fenced the producer: the process ends and is started anew."""
    name, count = "outlasted", 3000
    pair = Pair(name, broker, own_kafka_bootstrap, stack)
    other = pair.start("b")
    pair.finish(other)  # what lay there before would outlast it as well
    monkeypatch.setitem(kafka_producer.TRANSACTIONAL, "transaction.timeout.ms", 1_000)
    stalled = pair.start("a")
    turn(stalled, other, until=lambda: "assigned" in stalled.told and "assigned" in other.told)
    pair.finish(stalled, other)
    pair.stall(stalled, other, count=count)
    pair.finish(other)
    with pytest.raises(Fenced):
        turn(stalled, until=lambda: False)
    assert not pair.moments["a"]["committed"]
    assert passed(broker, name) == wanted(name, count)


@pytest.mark.guarantee(
    "outside",
    fault="another process joins a group under a service's name while that has nothing to do; or a "
    "broker that changes takes two tries of one to join for two processes",
    promise="the one that was put out ends, and is started again: it does not stand there for good",
    seen="critical 'fenced: another process took this one's place: Fatal error: Broker: Static "
    "consumer fenced by other consumer with same group.instance.id …', exit code 4",
)
def test_a_member_that_was_put_out_stops_though_it_has_nothing_to_do(
    broker: KafkaBroker, stack: ExitStack, own_kafka_bootstrap: str
) -> None:
    idle, other = (
        stack.enter_context(Watched(Counting().spec(name="put-out"), broker)) for _ in range(2)
    )
    group = Group("put-out", own_kafka_bootstrap)
    turn(
        idle, until=lambda: "assigned" in idle.told and group.has_done_all(LIFECYCLE_COMMANDS.name)
    )
    turn(other, until=lambda: "assigned" in other.told)
    with pytest.raises(Fenced, match="Static consumer fenced by other consumer"):
        turn(idle, until=lambda: False, seconds=15)


@pytest.mark.guarantee(
    "outside",
    fault="a group's coordinator takes no member like ours: {why}",
    promise="the service ends and says so, each time that it is started; it does not stand there",
    seen="critical 'Kafka refused or did not answer: JoinGroup failed: {said}', exit code 3",
)
@pytest.mark.parametrize(
    ("why", "said", "setting", "value"),
    [
        (
            "a session of 6 s is not within the cluster's limits",
            "Broker: Invalid session timeout",
            "session.timeout.ms",
            LONGEST_SESSION_MS * 2,
        ),
        (
            "others of its name share its partitions in another way",
            "Broker: Inconsistent group protocol",
            "partition.assignment.strategy",
            "roundrobin",
        ),
    ],
)
def test_a_member_that_its_group_does_not_take_stops(
    broker: KafkaBroker,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    why: str,
    said: str,
    setting: str,
    value: object,
) -> None:
    spec = Counting().spec(name=f"refused-{setting.partition('.')[0]}")
    first = stack.enter_context(Watched(spec, broker, instance="first"))
    turn(first, until=lambda: "assigned" in first.told)
    monkeypatch.setitem(kafka_consumer.CONSUMER, "max.poll.interval.ms", LONGEST_SESSION_MS * 2)
    monkeypatch.setitem(kafka_consumer.CONSUMER, setting, value)
    refused = stack.enter_context(Watched(spec, broker, instance="refused"))
    with pytest.raises(BrokerUnavailable, match=f"JoinGroup failed: {said}"):
        turn(first, refused, until=lambda: False, seconds=15)
