"""The data plane: batches, the culprit of a batch, gathering, replay, redriven records."""

from collections.abc import Mapping, Sequence

import pytest

from evermodel.common.events.catalogue import (
    TRANSACTIONS,
    TRANSACTIONS_SCORED,
    WINDOWER_STATE,
)
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.errors import Permanent, Transient
from evermodel.common.messaging.api import (
    BatchRoute,
    Emit,
    Reaction,
    Rejected,
    Restored,
    ServiceSpec,
)
from evermodel.common.messaging.deadletter import REDRIVEN_FOR
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.testing.harness import Crashed, Harness, crash_at
from evermodel.common.testing.sample import START, command


def rows(*values: str, partition: int | None = None) -> list[Outgoing]:
    return [
        Outgoing(
            topic=TRANSACTIONS.name, key=value.encode(), value=value.encode(), partition=partition
        )
        for value in values
    ]


def value_of(record: Record) -> str:
    return (record.value or b"").decode()


def passed_on(records: Sequence[Record]) -> list[Outgoing]:
    return [
        Outgoing(topic=TRANSACTIONS_SCORED.name, key=r.key, value=r.value, partition=r.partition)
        for r in records
    ]


class Passing:
    """Passes rows on; what it does to `bad` ones is the test's."""

    def __init__(self, *, error: Exception | None = None, times: int = 99) -> None:
        self.error, self.times = error, times
        self.batches: list[list[str]] = []

    def __call__(self, records: Sequence[Record], /) -> Reaction:
        self.batches.append([value_of(r) for r in records])
        bad = [r for r in records if value_of(r).startswith("bad")]
        if bad and self.error is None:
            good = [r for r in records if r not in bad]
            return Reaction(
                records=passed_on(good), rejected=[Rejected(r, Permanent("bad")) for r in bad]
            )
        if bad and self.error is not None and self.times:
            self.times -= 1
            raise self.error
        return Reaction(records=passed_on(records))

    def spec(self) -> ServiceSpec:
        return ServiceSpec(
            name="scorer", service="scorer", batches=[BatchRoute(TRANSACTIONS, self)]
        )


def out(harness: Harness) -> list[str]:
    return sorted(value_of(r) for r in harness.records(TRANSACTIONS_SCORED.name))


def test_rows_of_all_partitions_come_in_one_batch_and_keep_their_partition() -> None:
    harness, passing = Harness(), Passing()
    harness.add(passing.spec())
    harness.publish_records([*rows("a", "b", partition=0), *rows("c", partition=1)])
    harness.run()
    assert [sorted(batch) for batch in passing.batches] == [["a", "b", "c"]]
    assert {(value_of(r), r.partition) for r in harness.records(TRANSACTIONS_SCORED.name)} == {
        ("a", 0),
        ("b", 0),
        ("c", 1),
    }


def test_a_rejected_row_goes_to_the_dead_letter_and_the_rest_goes_on() -> None:
    harness = Harness()
    harness.add(Passing().spec())
    harness.publish_records(rows("a", "bad", "c"))
    harness.run()
    assert out(harness) == ["a", "c"]
    (letter,) = harness.dead_letters("scorer")
    assert (letter.value, letter.reason, letter.message) == (b"bad", "permanent", "bad")


@pytest.mark.parametrize("error", [KeyError("bug"), Permanent("never")])
def test_of_a_batch_that_fails_only_the_culprit_is_given_up(error: Exception) -> None:
    harness = Harness()
    harness.add(Passing(error=error).spec())
    harness.publish_records(rows("a", "bad", "c", "d"))
    harness.run()
    harness.publish_records(rows("e"))
    harness.run()
    assert out(harness) == ["a", "c", "d", "e"]
    assert [letter.value for letter in harness.dead_letters("scorer")] == [b"bad"]


def test_a_batch_that_cannot_be_handled_now_is_tried_again_as_it_was() -> None:
    harness, passing = Harness(), Passing(error=Transient("busy"), times=2)
    harness.add(passing.spec())
    harness.publish_records(rows("a", "bad", partition=0))
    harness.run()
    assert passing.batches == [["a", "bad"]] * 3
    assert out(harness) == ["a", "bad"]
    assert not harness.dead_letters("scorer")


def test_batches_are_gathered_while_there_is_more_and_committed_when_there_is_not() -> None:
    commits = []
    harness = Harness(partitions=1)
    harness.add(
        Passing().spec(),
        settings=LoopSettings(batch_rows=2),
        at=lambda moment: commits.append(moment) if moment == "committed" else None,
    )
    harness.publish_records(rows("a", "b", "c", "d", "e"))
    harness.run()
    assert out(harness) == ["a", "b", "c", "d", "e"]
    assert len(commits) == 1


@pytest.mark.parametrize("moment", ["polled", "handled", "sent", "committing", "committed"])
def test_a_crash_within_a_gathered_transaction_loses_and_doubles_nothing(moment: str) -> None:
    harness = Harness(partitions=1)
    settings = LoopSettings(batch_rows=2)
    after = 0 if moment.startswith("commit") else 1
    loop = harness.add(Passing().spec(), settings=settings, at=crash_at(moment, after=after))
    harness.publish_records(rows("a", "b", "c", "d", "e"))
    with pytest.raises(Crashed):
        harness.run()
    harness.remove(loop)
    harness.add(Passing().spec(), settings=settings)
    harness.run()
    assert out(harness) == ["a", "b", "c", "d", "e"]


def test_a_row_redriven_for_another_service_is_passed_by() -> None:
    harness = Harness()
    harness.add(Passing().spec())
    for group in (b"scorer", b"somebody"):
        (row,) = rows(group.decode())
        harness.publish_records(
            [
                Outgoing(
                    topic=row.topic, key=row.key, value=row.value, headers=((REDRIVEN_FOR, group),)
                )
            ]
        )
    harness.run()
    assert out(harness) == ["scorer"]


def test_an_event_from_a_batch_without_an_identity_is_a_bug() -> None:
    harness = Harness()

    def handler(_records: Sequence[Record], /) -> Reaction:
        return Reaction([Emit(command(1), START)])

    harness.add(
        ServiceSpec(name="scorer", service="scorer", batches=[BatchRoute(TRANSACTIONS, handler)])
    )
    harness.publish_records(rows("a"))
    harness.run()
    assert harness.dead_letters("scorer")[0].reason == "bug"


class Buffering:
    """Buffers rows and passes them on in threes; keeps the offset behind what it passed on."""

    def __init__(self) -> None:
        self.buffers: dict[int, list[Record]] = {}
        self.handled: list[str] = []

    def __call__(self, records: Sequence[Record], /) -> Reaction:
        (number,) = {record.partition for record in records}
        buffer = self.buffers[number]
        buffer += records
        self.handled += [value_of(r) for r in records]
        if len(buffer) < 3:
            return Reaction()
        full, rest = buffer[: len(buffer) // 3 * 3], buffer[len(buffer) // 3 * 3 :]
        self.buffers[number] = list(rest)
        after = str(full[-1].offset + 1).encode()
        return Reaction(records=passed_on(full), state={f"passed/{number}": after})

    def on_restored(
        self, partition: TopicPartition, state: Mapping[str, bytes], committed: int | None, /
    ) -> Restored:
        self.buffers[partition.partition] = []
        after = state.get(f"passed/{partition.partition}")
        return Restored(rewind_to=int(after) if after else 0)

    def on_revoked(self, partition: TopicPartition, /) -> None:
        self.buffers.pop(partition.partition, None)

    def on_done(self, key: str, cause: EventMeta, result: object, /) -> Reaction:
        raise NotImplementedError

    def spec(self) -> ServiceSpec:
        return ServiceSpec(
            name="windower",
            service="drift",
            batches=[BatchRoute(TRANSACTIONS, self)],
            state=WINDOWER_STATE,
            assignment=self,
        )


def test_a_successor_rewinds_to_refill_its_buffers_and_says_nothing_twice() -> None:
    harness = Harness()
    first, second = Buffering(), Buffering()
    harness.add(first.spec())
    harness.publish_records(rows("a", "b", "c", partition=0))
    harness.run()
    harness.publish_records(rows("d", partition=0))
    harness.run()
    harness.add(second.spec())
    harness.run()
    harness.publish_records(rows("e", "f", partition=0))
    harness.run()
    assert second.handled[0] == "d"
    assert out(harness) == ["a", "b", "c", "d", "e", "f"]


class Rewinding(Buffering):
    """Passes every row on at once, and reads everything again when it starts."""

    def __call__(self, records: Sequence[Record], /) -> Reaction:
        self.handled += [value_of(r) for r in records]
        return Reaction(records=passed_on(records))


def test_what_is_read_again_is_handled_and_not_published_again() -> None:
    harness, second = Harness(), Rewinding()
    harness.add(Rewinding().spec())
    harness.publish_records(rows("a", "b", partition=0))
    harness.run()
    harness.publish_records(rows("c", partition=0))
    harness.add(second.spec())
    harness.run()
    assert second.handled == ["a", "b", "c"]
    assert out(harness) == ["a", "b", "c"]


def test_a_service_with_state_gets_one_partition_at_a_time() -> None:
    harness, buffering = Harness(), Buffering()
    harness.add(buffering.spec())
    harness.publish_records([*rows("a", "b", "c", partition=0), *rows("d", "e", "f", partition=1)])
    harness.run()
    assert out(harness) == ["a", "b", "c", "d", "e", "f"]
