"""From what a handler returned to the records that are published: ids, causes, keys.

Owns how an event gets its identity. Everything here is a pure function of the reaction and
its cause, so a redelivery publishes the same bytes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from evermodel.common.events.catalogue import record_bytes_of, topic_of
from evermodel.common.events.codec import encode
from evermodel.common.events.envelope import EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.ids import EventId, LifecycleId, caused_id, identity_id
from evermodel.common.messaging.api import Emit
from evermodel.common.messaging.records import Outgoing, size_of


def outgoing(
    payload: Payload,
    meta: EventMeta,
    *,
    topic: str | None = None,
    key: bytes | None = None,
    partition: int | None = None,
) -> Outgoing:
    """Return the record of an event: by default in its catalogue topic, keyed by its model.

    Raises:
        ValueError: it is larger than a topic takes.
    """
    value, headers = encode(payload, meta)
    made = Outgoing(
        topic=topic or topic_of(type(payload)).name,
        key=payload.model.encode() if key is None else key,
        value=value,
        headers=headers,
        partition=partition,
    )
    if size_of(made) > record_bytes_of(made.topic):
        raise ValueError(f"{meta.type} of {len(value)} bytes: events carry references, not rows")
    return made


def new_event(payload: Payload, *, time: datetime, source: str, identity: str) -> Outgoing:
    """Return the record of an event that nothing in a topic caused: a command, a first event."""
    event_id = identity_id(payload.TYPE, identity)
    return outgoing(payload, _meta(payload, event_id, time=time, source=source))


def emissions(emits: Sequence[Emit], *, cause: EventMeta | None, source: str) -> list[Outgoing]:
    """Return the records of the events that `cause` led to.

    Raises:
        ValueError: an event has neither a cause nor an identity: its id could not be derived.
    """
    ordinals: Counter[str] = Counter()
    made = []
    for emit in emits:
        kind = emit.payload.TYPE
        event_id = _event_id(emit, cause=cause, ordinal=ordinals[kind])
        ordinals[kind] += 1
        meta = _meta(
            emit.payload,
            event_id,
            time=emit.time,
            source=source,
            lifecycle_id=emit.lifecycle_id or (cause.lifecycle_id if cause else None),
            causation_id=emit.caused_by or (cause.id if cause else None),
        )
        made.append(outgoing(emit.payload, meta))
    return made


def state_records(
    state: Mapping[str, bytes | None], *, topic: str, partition: int
) -> list[Outgoing]:
    """Return the changelog records of `state`; None becomes a tombstone."""
    return [
        Outgoing(topic=topic, key=key.encode(), value=value, partition=partition)
        for key, value in state.items()
    ]


def _event_id(emit: Emit, *, cause: EventMeta | None, ordinal: int) -> EventId:
    if emit.identity is not None:
        return identity_id(emit.payload.TYPE, emit.identity)
    if cause is None:
        raise ValueError(f"{emit.payload.TYPE} from a batch or a tick needs an identity")
    return caused_id(cause.id, emit.payload.TYPE, ordinal)


def _meta(
    payload: Payload,
    event_id: EventId,
    *,
    time: datetime,
    source: str,
    lifecycle_id: LifecycleId | None = None,
    causation_id: EventId | None = None,
) -> EventMeta:
    return EventMeta(
        id=event_id,
        type=payload.TYPE,
        source=source,
        subject=payload.model,
        time=time,
        lifecycle_id=lifecycle_id,
        causation_id=causation_id,
        traceparent=_traceparent(event_id, lifecycle_id),
    )


def _traceparent(event_id: EventId, lifecycle_id: LifecycleId | None) -> str | None:
    """Return the W3C context of an event: one trace per lifecycle, one span per event."""
    if lifecycle_id is None:
        return None
    return f"00-{lifecycle_id.replace('-', '')}-{event_id.replace('-', '')[:16]}-01"
