"""What a replica leaves behind for the next owner, when it leaves in good order."""

from collections.abc import Callable, Sequence

import pytest

from evermodel.common.events.catalogue import TRANSACTIONS_SCORED, WINDOWER_STATE
from evermodel.common.kernel.errors import Transient
from evermodel.common.messaging.api import NOTHING, BatchRoute, Reaction, Restored, ServiceSpec
from evermodel.common.messaging.loop import Loop
from evermodel.common.messaging.ports import TransactionAborted
from evermodel.common.messaging.records import Outgoing, Record, TopicPartition
from evermodel.common.testing.harness import Harness

ROWS = TRANSACTIONS_SCORED.name


class Keeping:
    """A service that has something to leave behind. `said`: of which partitions it was asked."""

    def __init__(self) -> None:
        self.said: list[int] = []
        self.fails = False

    def spec(self) -> ServiceSpec:
        return ServiceSpec(
            name="drift-windower",
            service="drift",
            batches=[BatchRoute(TRANSACTIONS_SCORED, self.on_records)],
            state=WINDOWER_STATE,
            assignment=self,
            on_handover=self.on_handover,
        )

    def on_records(self, records: Sequence[Record]) -> Reaction:
        return Reaction(state={f"{records[0].partition}/seen": records[-1].value})

    def on_handover(self, at: TopicPartition) -> Reaction:
        self.said.append(at.partition)
        if self.fails:
            raise Transient("the lake is away")
        return Reaction(state={f"{at.partition}/left": b"here"})

    def on_restored(self, *_: object) -> Restored:
        return Restored()

    def on_revoked(self, at: TopicPartition) -> None:
        return None

    def on_done(self, *_: object) -> Reaction:
        return NOTHING


@pytest.fixture
def harness() -> Harness:
    made = Harness(partitions=2)
    made.publish_records([Outgoing(topic=ROWS, key=b"k", value=b"1", partition=p) for p in (0, 1)])
    return made


def another_comes(harness: Harness, loop: Loop) -> None:
    harness.add(Keeping().spec(), instance="1").step()
    loop.step()


def it_stops(harness: Harness, loop: Loop) -> None:
    loop.settle(commit=True)


@pytest.mark.parametrize("leave", [another_comes, it_stops])
def test_what_is_left_behind_is_kept_for_the_next_owner(
    harness: Harness, leave: Callable[[Harness, Loop], None]
) -> None:
    service = Keeping()
    loop = harness.add(service.spec())
    harness.run()
    leave(harness, loop)
    assert service.said == [0, 1]
    kept = harness.state(WINDOWER_STATE.name)
    assert {key for key in kept if key.endswith("/left")} == {"0/left", "1/left"}
    homes = {(r.key or b"").decode(): r.partition for r in harness.records(WINDOWER_STATE.name)}
    assert (homes["0/left"], homes["1/left"]) == (0, 1)


@pytest.mark.parametrize("leave", [another_comes, it_stops])
def test_who_cannot_leave_anything_behind_leaves_all_the_same(
    harness: Harness,
    leave: Callable[[Harness, Loop], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Keeping()
    loop = harness.add(service.spec())
    harness.run()
    service.fails = True
    leave(harness, loop)
    harness.run()
    assert harness.state(WINDOWER_STATE.name) == {
        "0/seen": b"1",
        "1/seen": b"1",
    }
    assert "is given away as it is: the lake is away" in caplog.text


def test_what_failed_and_is_undone_is_not_handed_over(harness: Harness) -> None:
    service = Keeping()
    loop = harness.add(service.spec())
    harness.run()
    loop.settle(commit=False)
    assert service.said == []


def test_partitions_leave_even_where_the_last_commit_cannot_be_made(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = harness.add(Keeping().spec())
    harness.run()

    def refuse(*_: object, **__: object) -> None:
        raise TransactionAborted("undone")

    monkeypatch.setattr(loop._outbox, "put", refuse)
    another_comes(harness, loop)
    assert [lane.partition.partition for lane in loop._share.lanes] == [0]
