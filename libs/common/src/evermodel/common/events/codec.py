"""Events to and from the bytes and headers of a Kafka record: CloudEvents 1.0, binary mode.

The value is the JSON payload; the context travels as ``ce_*`` headers. Decoding never raises
anything but ``Poison``: headers come from outside as much as values do.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from evermodel.common.events.envelope import Event, EventMeta
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.errors import Poison
from evermodel.common.kernel.ids import EventId, LifecycleId
from evermodel.common.kernel.meant_time import EARLIEST, LATEST

Headers = tuple[tuple[str, bytes], ...]
P = TypeVar("P", bound=Payload)

_JSON = b"application/json"
_OPTIONAL = {
    "ce_lifecycleid": "lifecycle_id",
    "ce_causationid": "causation_id",
    "ce_traceparent": "traceparent",
}


def format_time(time: datetime) -> str:
    """Return `time` as RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode(payload: Payload, meta: EventMeta) -> tuple[bytes, Headers]:
    """Return value and headers of an event. Equal events give equal bytes."""
    headers = [
        ("content-type", _JSON),
        ("ce_specversion", b"1.0"),
        ("ce_id", meta.id.encode()),
        ("ce_type", meta.type.encode()),
        ("ce_source", meta.source.encode()),
        ("ce_subject", meta.subject.encode()),
        ("ce_time", format_time(meta.time).encode()),
    ]
    for header, field in _OPTIONAL.items():
        value: str | None = getattr(meta, field)
        if value is not None:
            headers.append((header, value.encode()))
    return payload.model_dump_json().encode(), tuple(headers)


def structured(event: Event[Payload]) -> dict[str, Any]:
    """Return `event` in CloudEvents' structured JSON form; attributes it lacks are left out."""
    meta = event.meta
    attributes = {
        "specversion": "1.0",
        "id": meta.id,
        "type": meta.type,
        "source": meta.source,
        "subject": meta.subject,
        "time": format_time(meta.time),
        "datacontenttype": "application/json",
        "lifecycleid": meta.lifecycle_id,
        "causationid": meta.causation_id,
        "traceparent": meta.traceparent,
    }
    present = {name: value for name, value in attributes.items() if value is not None}
    return {**present, "data": event.payload.model_dump(mode="json")}


def header(headers: Iterable[tuple[str, bytes | None]], name: str) -> str | None:
    """Return the header `name` as text, or None.

    Raises:
        Poison: it is there and is not UTF-8.
    """
    for key, value in headers:
        if key == name and value is not None:
            try:
                return value.decode()
            except UnicodeDecodeError as error:
                raise Poison(f"header {name} is not UTF-8") from error
    return None


def decode_meta(headers: Sequence[tuple[str, bytes | None]]) -> EventMeta:
    """Return the CloudEvents context.

    Raises:
        Poison: a required attribute is missing or malformed.
    """
    found = {
        name: header(headers, f"ce_{name}")
        for name in ("specversion", "id", "type", "source", "time", "subject")
    }
    missing = [f"ce_{name}" for name, value in found.items() if not value and name != "subject"]
    if missing:
        raise Poison(f"headers missing: {', '.join(missing)}")
    if found["specversion"] != "1.0":
        raise Poison(f"CloudEvents specversion {found['specversion']!r} is not 1.0")
    lifecycle, causation = header(headers, "ce_lifecycleid"), header(headers, "ce_causationid")
    return EventMeta(
        id=EventId(found["id"] or ""),
        type=found["type"] or "",
        source=found["source"] or "",
        subject=found["subject"] or "",
        time=_parse_time(found["time"] or ""),
        lifecycle_id=None if lifecycle is None else LifecycleId(lifecycle),
        causation_id=None if causation is None else EventId(causation),
        traceparent=header(headers, "ce_traceparent"),
    )


def decode(
    payload: type[P], *, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> Event[P]:
    """Return the event of type `payload` that a record carries; unknown fields are dropped.

    Raises:
        Poison: the headers, the JSON or a field is wrong, or the event is of another type.
    """
    meta = decode_meta(headers)
    if meta.type != payload.TYPE:
        raise Poison(f"expected {payload.TYPE}, got {meta.type!r}")
    if value is None:
        raise Poison("the record has no value")
    try:
        return Event(payload.model_validate_json(value, extra="ignore"), meta)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'value'}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)[:5]
        )
        raise Poison(problems) from error


def _parse_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise Poison(f"ce_time {text!r:.60} has no zone")
        if not EARLIEST <= time <= LATEST:
            raise Poison(f"ce_time {text!r:.60} lies before the year 1900 or after 9998")
        return time.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # the latter: no such time in UTC
        raise Poison(f"ce_time {text!r:.60} is not RFC 3339") from error
