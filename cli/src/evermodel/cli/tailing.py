"""`evermodel tail`: events as sentences for people or CloudEvents JSON for machines."""

import json
from collections.abc import Sequence

import typer

from evermodel.cli.reading import Read, Topics
from evermodel.common.events.catalogue import Topic
from evermodel.common.events.codec import format_time, structured
from evermodel.common.events.envelope import Event
from evermodel.common.events.payload import Payload
from evermodel.common.kernel.visible import visible
from evermodel.common.settings.kafka import KafkaSettings

#: Characters of one field: the reason of an order may have half a million. All stand in ``--json``.
_LONGEST = 500
#: Fields worth a word in one line, where an event has them, in this order.
_TELLING = (
    *("severity", "cause", "outcome", "verdict", "action", "command", "version", "step"),
    *("quality", "alert_rate", "rows", "reason", "why", "watermark", "replica", "label"),
)


def show(
    settings: KafkaSettings, *, topics: Sequence[Topic], last: int, follow: bool, as_json: bool
) -> None:
    """Print the `last` records of `topics` by time, then with `follow` those that come."""
    reader = Topics(settings, topics)
    try:
        present = sorted(reader.present(), key=_time)
        for each in present[len(present) - min(last, len(present)) :]:
            _echo(each, as_json=as_json)
        while follow:
            for each in reader.following():
                _echo(each, as_json=as_json)
    finally:
        reader.close()


def line(found: Read) -> str:
    """Return one line for people."""
    record = found.record
    where = f"{record.topic}[{record.partition}]@{record.offset}"
    if found.event is None:
        return f"{where}  {_text(record.value)}"
    return f"{format_time(found.event.meta.time)}  {where}  {_words(found.event)}"


def as_cloud_event(found: Read) -> dict[str, object]:
    """Return the CloudEvents JSON of an event, or what can be said of another record."""
    record = found.record
    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    if found.event is None:
        told = {**where, "value": _text(record.value)}
        return told if found.problem is None else told | {"problem": found.problem}
    return {**where, **structured(found.event)}


def _words(event: Event[Payload]) -> str:
    fields = event.payload.model_dump(mode="json")
    told = [
        f"{name}={_short(str(fields[name]))}"
        for name in _TELLING
        if fields.get(name) not in (None, "", [])
    ]
    window = fields.get("window") or fields.get("cohort")
    if isinstance(window, dict) and "start" in window:
        told.insert(0, f"window={window['start']}")
    return " ".join([f"{event.payload.model}:", *told])


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _text(value: bytes | None) -> str:
    return "(deleted)" if value is None else value[:2000].decode(errors="replace")


def _time(found: Read) -> tuple[int, int]:
    return (found.record.timestamp_ms, found.record.offset)


def _echo(found: Read, *, as_json: bool) -> None:
    typer.echo(json.dumps(as_cloud_event(found)) if as_json else visible(line(found)))
