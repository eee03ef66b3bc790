"""What the loop writes on an event: its cause, its lifecycle, its id."""

from evermodel.common.events.codec import decode
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import EventMeta
from evermodel.common.kernel.ids import EventId, LifecycleId, identity_id
from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.emission import emissions
from evermodel.common.testing.sample import START, command

SOURCE = "/evermodel/test"


def metas(*emits: Emit, cause: EventMeta | None) -> list[EventMeta]:
    records = emissions(emits, cause=cause, source=SOURCE)
    return [decode(LifecycleCommand, value=r.value, headers=r.headers).meta for r in records]


CAUSE = EventMeta(
    id=EventId("7d3c1d2e-0000-5000-8000-000000000000"),
    type="x",
    source=SOURCE,
    subject="fraud",
    time=START,
    lifecycle_id=LifecycleId("life"),
)


def test_an_event_names_the_message_as_its_cause_unless_it_follows_from_another() -> None:
    first = identity_id(LifecycleCommand.TYPE, "first")
    found = metas(
        Emit(command(1), START, identity="first"),
        Emit(command(2), START, identity="second", caused_by=first),
        cause=CAUSE,
    )
    assert [meta.causation_id for meta in found] == [CAUSE.id, first]
    assert found[0].id == first
    assert {meta.lifecycle_id for meta in found} == {"life"}


def test_what_follows_within_a_tick_has_a_cause_all_the_same() -> None:
    first = identity_id(LifecycleCommand.TYPE, "first")
    found = metas(
        Emit(command(1), START, identity="first"),
        Emit(command(2), START, identity="second", caused_by=first),
        cause=None,
    )
    assert [meta.causation_id for meta in found] == [None, first]
