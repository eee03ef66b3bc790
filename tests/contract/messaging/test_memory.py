"""A handler may change its memory and then fail: what it said in the end never shows it.

Asked of the loop over the in-memory broker and over a real Kafka, of every way a service is
called: the memory is rebuilt from what is committed before the message is tried again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import pytest

from evermodel.common.events.catalogue import CATALOGUE, MODEL_TRAINED, Topic
from evermodel.common.events.codec import decode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.training import ModelTrained
from evermodel.common.kernel.errors import Fatal, Permanent, Transient
from evermodel.common.messaging.api import (
    NOTHING,
    BatchRoute,
    Held,
    Reaction,
    Restored,
    ServiceSpec,
    TableRoute,
)
from evermodel.common.messaging.deadletter import decode_dead_letter
from evermodel.common.messaging.emission import new_event
from evermodel.common.messaging.kafka import KafkaBroker
from evermodel.common.messaging.kafka_admin import create_topics, partition_count
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.memory import MemoryBroker
from evermodel.common.messaging.ports import Broker
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.runtime.clock import SystemClock
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.common.testing.sample import START, Counting, Handling, Working, command

_NUMBERS = count()


@dataclass
class Place:
    """A broker with the catalogue's topics, and names that no other test has."""

    broker: Broker
    name: str
    rows: Topic
    row_state: Topic
    state: Topic

    def everything(self, topic: str) -> list[Record]:
        partitions = [TopicPartition(topic, p) for p in range(self.broker.partitions(topic))]
        reader = self.broker.reader(partitions)
        found: list[Record] = []
        try:
            while not reader.caught_up():
                found += reader.poll(limit=1000, timeout_seconds=0.2)
        finally:
            reader.close()
        return found

    def answers(self) -> list[str]:
        events = [
            decode(ModelTrained, value=record.value, headers=record.headers)
            for record in self.everything(MODEL_TRAINED.name)
            if (record.key or b"") == self.name.encode()
        ]
        return [event.payload.reason for event in events]

    def letters(self) -> int:
        letters = self.everything("trainer.dead-letter")
        return sum(decode_dead_letter(r.value).group == self.name for r in letters)

    def kept(self, topic: Topic) -> dict[str, bytes | None]:
        return {(r.key or b"").decode(): r.value for r in self.everything(topic.name)}

    def say(self, *numbers: int) -> None:
        self.broker.publish(
            new_event(
                command(n, model=self.name), time=START, source="/test", identity=f"{self.name}/{n}"
            )
            for n in numbers
        )

    def run(self, spec: ServiceSpec, *, until: Callable[[], bool], ticks: bool = False) -> None:
        with Loop(spec, broker=self.broker, clock=SystemClock(), ticks=ticks) as loop:
            deadline = time.monotonic() + 60
            while not until():
                assert time.monotonic() < deadline, "it never came"
                for _ in range(5):
                    loop.step(timeout_seconds=0.02)


@pytest.fixture(params=["memory", "kafka"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    number = next(_NUMBERS)
    rows = _topic(f"memory-{number}", plane="data")
    row_state = _topic(f"memory-{number}-rows", plane="data", compacted=True)
    state = _topic(f"memory-{number}-state", plane="state", compacted=True)
    topics = [*CATALOGUE, rows, row_state, state]
    broker: Broker
    if request.param == "memory":
        settings = KafkaSettings()
        broker = MemoryBroker({t.name: partition_count(t, settings) for t in topics})
    else:
        settings = KafkaSettings(bootstrap_servers=request.getfixturevalue("kafka_bootstrap"))
        create_topics(settings, topics)
        broker = KafkaBroker(settings)
    yield Place(broker, f"forgetful-{number}", rows, row_state, state)
    broker.close()


def _topic(name: str, *, plane: str, compacted: bool = False) -> Topic:
    return Topic(
        name=name,
        holds="a test",
        key="entity",
        payloads=(),
        plane=plane,  # type: ignore[arg-type]  # one of the literals
        retention_seconds=None,
        producers=(),
        consumers=(),
        compacted=compacted,
    )


def own(place: Place, spec: ServiceSpec) -> ServiceSpec:
    """Return `spec` for this test alone: its topic of commands holds those of others as well."""
    (route,) = spec.routes

    def only(event: LifecycleCommand, meta: EventMeta) -> Reaction | Held:
        if event.model != place.name:
            return NOTHING
        answer: Reaction | Held = route.handler(event, meta)
        return answer

    return replace(spec, name=place.name, state=place.state, routes=[replace(route, handler=only)])


def raising(make: Callable[[], Exception], *, times: int, why: str) -> Handling:
    """Return what fails `times` times at the command `why`."""
    left = times

    def before(event: LifecycleCommand, _meta: EventMeta) -> None:
        nonlocal left
        if left and event.why == why:
            left -= 1
            raise make()

    return before


def busy() -> Exception:
    return Transient("busy", delay_seconds=0.05)


def bug() -> Exception:
    return KeyError("oops")


def refused() -> Exception:
    return Permanent("never")


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    ("failure", "times", "answered"),
    [
        (busy, 3, ["1 is 1", "2 is 2", "3 is 3"]),
        (bug, 2, ["1 is 1", "2 is 2", "3 is 3"]),
        (refused, 1, ["1 is 1", "3 is 2"]),
    ],
)
def test_an_event_whose_handler_failed_after_it_changed_memory_counts_once(
    place: Place,
    failure: Callable[[], Exception],
    times: int,
    answered: list[str],
    held: bool,
) -> None:
    counting = Counting(before=raising(failure, times=times, why="2"), held=held)
    place.say(1, 2, 3)
    spec = own(place, counting.spec())
    place.run(spec, until=lambda: len(place.answers()) >= len(answered))
    assert place.answers() == answered
    assert place.letters() == 3 - len(answered)
    assert place.kept(place.state)[place.name] == str(len(answered)).encode()


class Noting:
    """Notes the rows of each partition, in memory first, and fails at ``bad`` as it is told to.

    Like the windower it reads everything again when it starts, and knows from which offset on
    rows are new.
    """

    def __init__(self, place: Place, *, failure: Callable[[], Exception], times: int) -> None:
        self._place, self._failure, self._left = place, failure, times
        self.notes: dict[int, tuple[int, list[str]]] = {}

    def on_rows(self, records: Sequence[Record], /) -> Reaction:
        number = records[0].partition
        upto, noted = self.notes[number]
        for record in records:
            if record.offset < upto:
                continue
            noted.append((record.value or b"").decode())
            if record.value == b"bad" and self._left:
                self._left -= 1
                raise self._failure()
        upto = max(upto, records[-1].offset + 1)
        self.notes[number] = upto, noted
        return Reaction(state={f"{number}": f"{upto} {' '.join(noted)}".encode()})

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        upto, *noted = state.get(f"{partition.partition}", b"0").decode().split()
        self.notes[partition.partition] = max(int(upto), committed or 0), noted
        return Restored(rewind_to=0)

    def on_revoked(self, partition: TopicPartition, /) -> None:
        self.notes.pop(partition.partition, None)

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        raise NotImplementedError

    def spec(self) -> ServiceSpec:
        return ServiceSpec(
            name=self._place.name,
            service="trainer",
            batches=[BatchRoute(self._place.rows, self.on_rows)],
            state=self._place.row_state,
            assignment=self,
        )


@pytest.mark.parametrize(
    ("failure", "times", "noted"),
    [
        (busy, 3, "6 before a b bad c d"),
        (bug, 3, "6 before a b bad c d"),
        (bug, 99, "6 before a b c d"),
        (refused, 99, "6 before a b c d"),
    ],
)
def test_a_row_whose_batch_failed_after_it_changed_memory_counts_once(
    place: Place, failure: Callable[[], Exception], times: int, noted: str
) -> None:
    def publish(*values: str) -> None:
        place.broker.publish(
            Outgoing(topic=place.rows.name, key=b"k", value=value.encode(), partition=1)
            for value in values
        )

    def kept() -> str:
        return (place.kept(place.row_state).get("1") or b"").decode()

    noting = Noting(place, failure=failure, times=times)
    publish("before")
    place.run(noting.spec(), until=lambda: kept() == "1 before")
    publish("a", "b", "bad", "c", "d")
    place.run(noting.spec(), until=lambda: kept().endswith("d"))
    assert kept() == noted


class Telling(Counting):
    """Counts its ticks as well, and fails at the second as it is told to."""

    def __init__(self, *, failure: Callable[[], Exception], times: int) -> None:
        super().__init__()
        self._failure, self._left = failure, times

    def on_tick(self) -> Reaction:
        name, counted = next(iter(self.counts.items()), ("", 0))
        if not 0 < counted < 4:
            return Reaction()
        self.counts[name] = counted + 1
        if self._left:
            self._left -= 1
            raise self._failure()
        return Reaction(state={name: b"%d" % self.counts[name]})


@pytest.mark.parametrize("failure", [busy, bug])
def test_a_tick_that_failed_after_it_changed_memory_counts_once(
    place: Place, failure: Callable[[], Exception]
) -> None:
    telling = Telling(failure=failure, times=2)
    spec = replace(own(place, telling.spec()), on_tick=telling.on_tick)
    place.say(1)
    values: list[bytes | None] = []

    def is_over() -> bool:
        values[:] = [r.value for r in place.everything(place.state.name)]
        return b"4" in values

    place.run(spec, until=is_over, ticks=True)
    assert values == [b"1", b"2", b"3", b"4"]


class Finishing(Working):
    """Works, numbers its results in memory, and fails as it is told to when a result comes."""

    def __init__(self, *, failure: Callable[[], Exception], times: int) -> None:
        super().__init__(lambda key: "done")
        self._failure, self._left = failure, times
        self.number = 0

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        self.number = 0
        return super().on_restored(partition, state, committed)

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        self.number += 1
        if self._left:
            self._left -= 1
            raise self._failure()
        return super().on_done(key, cause, f"{result} {self.number}")


@pytest.mark.parametrize("failure", [busy, bug])
def test_a_result_that_was_not_taken_after_memory_changed_counts_once(
    place: Place, failure: Callable[[], Exception]
) -> None:
    finishing = Finishing(failure=failure, times=2)
    spec = own(place, finishing.spec())
    place.say(7)
    place.run(spec, until=lambda: bool(place.answers()))
    assert place.answers() == ["7: done 1"]


@pytest.mark.guarantee(
    "input",
    fault="the last event of a table cannot be handled, and the service starts three times",
    promise="it lies in the dead letter once: each start reads it again, none gives it up anew",
    seen="error 'given up (permanent): never' at each start; one letter",
)
def test_what_a_table_gave_up_lies_in_the_dead_letter_once(place: Place) -> None:
    starts: list[str] = []

    def refusing(event: LifecycleCommand, _meta: EventMeta) -> Reaction:
        if event.model == place.name:
            starts.append(event.why)
            raise Permanent("never")
        return NOTHING

    table = TableRoute(LifecycleCommand, refusing, latest_only=True)
    spec = ServiceSpec(name=place.name, service="trainer", tables=[table])
    place.say(1)
    for _ in range(4):  # what the third commits late is seen after the fourth

        def has_given_up(before: int = len(starts)) -> bool:
            return len(starts) > before and place.letters() > 0

        place.run(spec, until=has_given_up)
        assert place.letters() == 1


class Choosy(Working):
    """Takes no result but a failure, or not even that."""

    def __init__(self, *, takes_failures: bool) -> None:
        super().__init__(lambda key: "a result that overflows")
        self._takes_failures = takes_failures

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        if not isinstance(result, Exception) or not self._takes_failures:
            raise OverflowError("date value out of range")
        return super().on_done(key, cause, f"failed, {result}")


@pytest.mark.guarantee(
    "input",
    fault="the result of a job can never be taken in",
    promise="the job has failed, which its service says; what comes next is handled",
    seen="'the result of job … cannot be taken: it failed'",
)
def test_a_result_that_can_never_be_taken_is_a_failure_which_is_said_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.say(7)
    place.run(own(place, Choosy(takes_failures=True).spec()), until=lambda: bool(place.answers()))
    assert place.answers() == ["7: failed, date value out of range"]
    assert "the result of job 7 cannot be taken: it failed" in caplog.text
    place.say(8)
    place.run(own(place, Working(str).spec()), until=lambda: len(place.answers()) == 2)
    assert place.answers()[1] == "8: 8"


def test_only_a_failure_that_cannot_be_taken_either_ends_the_process(place: Place) -> None:
    place.say(7)
    with pytest.raises(Fatal, match="the result of job 7 cannot be taken"):
        place.run(own(place, Choosy(takes_failures=False).spec()), until=lambda: False)
    assert place.answers() == []
