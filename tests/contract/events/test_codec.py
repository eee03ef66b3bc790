"""What the codec refuses, and with which words: headers come from outside as well as values."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evermodel.common.events import codec
from evermodel.common.events.commands import LifecycleCommand
from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.kernel.errors import Poison
from evermodel.common.kernel.ids import EventId, LifecycleId

COMMAND = LifecycleCommand(model="fraud", command="pause", who="ada", why="a rehearsal")
META = EventMeta(
    id=EventId("1"),
    type=LifecycleCommand.TYPE,
    source="/evermodel/cli",
    subject="fraud",
    time=datetime(2026, 6, 14, 12, tzinfo=UTC),
    lifecycle_id=LifecycleId("l"),
    causation_id=EventId("0"),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


def headers(**changed: bytes | None) -> list[tuple[str, bytes | None]]:
    _, made = codec.encode(COMMAND, META)
    kept: dict[str, bytes | None] = dict(made)
    kept.update({f"ce_{name}": value for name, value in changed.items()})
    return list(kept.items())


def test_an_event_survives_the_trip() -> None:
    value, made = codec.encode(COMMAND, META)
    assert codec.decode(LifecycleCommand, value=value, headers=made) == Event(COMMAND, META)


def test_equal_events_give_equal_bytes() -> None:
    assert codec.encode(COMMAND, META) == codec.encode(COMMAND.model_copy(), META)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"id": None}, "ce_id"),
        ({"specversion": b"0.3"}, "specversion"),
        ({"time": b"yesterday"}, "RFC 3339"),
        ({"time": b"2026-06-14T12:00:00"}, "no zone"),
        ({"type": b"evermodel.lifecycle.command.v2"}, "expected"),
        ({"source": b"\xff\xfe"}, "UTF-8"),
    ],
)
def test_a_wrong_header_is_poison_and_named(changed: dict[str, bytes | None], says: str) -> None:
    with pytest.raises(Poison, match=says):
        codec.decode(LifecycleCommand, value=b"{}", headers=headers(**changed))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "no value"),
        (b"", "Invalid JSON"),
        (b"not json", "Invalid JSON"),
        (b"[]", "object"),
        (b'{"model": "fraud"}', "command: Field required"),
        (b'{"model": "a/b", "command": "pause", "who": "a", "why": "b"}', "model"),
        (b'{"model": "fraud", "command": "explode", "who": "a", "why": "b"}', "command"),
    ],
)
def test_a_wrong_value_is_poison_and_named(value: bytes | None, says: str) -> None:
    with pytest.raises(Poison, match=says):
        codec.decode(LifecycleCommand, value=value, headers=headers())


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=12), st.binary(max_size=40)))
def test_any_bytes_decode_or_are_poison(value: bytes, extra: dict[str, bytes]) -> None:
    junk: list[tuple[str, bytes | None]] = [(f"ce_{name}", data) for name, data in extra.items()]
    for candidate in (junk, headers(), [*headers(), *junk]):
        try:
            codec.decode(LifecycleCommand, value=value, headers=candidate)
        except Poison:
            continue
