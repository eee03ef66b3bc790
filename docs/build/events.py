"""``docs/events.md``: every topic and event, for those who publish to it or read from it."""

from docs.build import schemas
from docs.build.markdown import cell
from evermodel.common.events.catalogue import CATALOGUE, DAY, Topic
from evermodel.common.events.payload import Payload

_HEAD = """# Topics and events

This page is made from the catalogue and the payload models (`make docs`).

Every lifecycle event is a [CloudEvents 1.0](https://cloudevents.io) message in Kafka's binary
mode: the value is the JSON below, the context travels in headers: `ce_specversion`, `ce_id`,
`ce_type`, `ce_source`, `ce_subject` (the model), `ce_time` (event time) and the extensions
`ce_lifecycleid` (one whole turn, from alarm to last step), `ce_causationid` (the event this one
follows from) and `ce_traceparent`. `ce_id` is derived from the cause: a redelivery has the same.

Inside a version (`…v1`) fields are only ever added. Ignore what you do not know. The JSON Schemas
lie in `libs/common/src/evermodel/common/events/schemas/`, examples that will always decode beside
them, and `docs/asyncapi.yaml` says the same for tools.

Rows of the data plane (`transactions`, `transactions.scored`, `labels`) need no `ce_` header. With
more than one model `ce_subject` names the model. `ce_type: evermodel.watermark.v1` marks a
watermark instead of a row.

More than a schema can say is asked of what is published from outside, else it is a dead letter:
times lie between the years 1900 and 9998, rows not over a year ahead of their partition; a scored
row names 16 versions at most, one partition's rows of a window 32; names of headers are UTF-8.

A record may have a million bytes, uncompressed, with its key and headers; those of
{wide}
grow with a model's features and may have eight million. `max.message.bytes` of these topics says so
to the broker; whoever produces or mirrors them sets `message.max.bytes` or `max.request.size` of
their client.
"""


def page() -> str:
    """Return the page."""
    wide = ", ".join(f"`{topic.name}`" for topic in CATALOGUE if topic.is_wide)
    parts = [_HEAD.replace("{wide}", wide), "\n## Topics\n\n", _topics()]
    parts += [_event(payload) for payload in schemas.payloads()]
    return "".join(parts)


def _topics() -> str:
    rows = [
        "| topic | key | holds | written by | read by | kept |\n",
        "|---|---|---|---|---|---|\n",
    ]
    rows += [
        f"| `{t.name}` | {t.key} | {t.holds} | {', '.join(t.producers)} "
        f"| {', '.join(t.consumers)} | {_kept(t)} |\n"
        for t in CATALOGUE
    ]
    return "".join(rows)


def _kept(topic: Topic) -> str:
    if topic.compacted:
        return "the last of each key"
    if topic.retention_seconds is None:
        return "for ever"
    return f"{topic.retention_seconds // DAY} days"


def _event(payload: type[Payload]) -> str:
    doc = " ".join((payload.__doc__ or "").split())
    topics = ", ".join(f"`{t.name}`" for t in CATALOGUE if payload in t.payloads)
    lines = [f"\n## `{payload.TYPE}`\n\n{doc}\n\nIn {topics}.\n\n", "| field | type | meaning |\n"]
    lines.append("|---|---|---|\n")
    schema = schemas.schema_of(payload)
    properties = schema.get("properties")
    assert isinstance(properties, dict)  # noqa: S101  # a payload is an object by construction
    for name, field in properties.items():
        meaning = str(field.get("description", ""))
        lines.append(f"| `{name}` | {_type(field)} | {cell(meaning)} |\n")
    return "".join(lines)


def _type(field: dict[str, object]) -> str:
    reference = field.get("$ref")
    if isinstance(reference, str):
        return reference.rsplit("/", 1)[1]
    if isinstance(field.get("enum"), list):
        return " \\| ".join(f"`{value}`" for value in field["enum"])  # type: ignore[attr-defined]  # checked
    alternatives = field.get("anyOf")
    if isinstance(alternatives, list):
        return " or ".join(_type(one) for one in alternatives)
    if field.get("type") == "array" and isinstance(field.get("items"), dict):
        return f"list of {_type(field['items'])}"  # type: ignore[arg-type]  # checked
    return str(field.get("format") or field.get("type") or field.get("const") or "any")
