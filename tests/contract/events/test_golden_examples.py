"""Events once written decode for ever: every golden example, and every one there ever was."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docs.build import schemas
from docs.build.compatibility import Schema, breaking_changes
from evermodel.common.events import codec
from evermodel.common.kernel.errors import Poison
from tests.contract.events.golden import BY_TYPE, EVENTS, EXAMPLES, record


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_a_golden_example_decodes_and_fits_its_schema(path: Path) -> None:
    example = json.loads(path.read_text())
    payload = BY_TYPE[example["type"]]
    value, headers = record(example)
    event = codec.decode(payload, value=value, headers=headers)
    # What was added since the example was written has its default and is left out here.
    written = event.payload.model_dump(mode="json", exclude_unset=True)
    assert written == example["data"]
    assert event.meta.id == example["id"]
    jsonschema.validate(example["data"], dict(schemas.schema_of(payload)))


def test_every_type_has_an_example() -> None:
    assert {json.loads(p.read_text())["type"] for p in EXAMPLES} == set(BY_TYPE)


def test_every_field_stands_in_an_example_or_was_released() -> None:
    """So none can be taken back once it is there: removed, its example no longer comes back."""
    kept, there = set[tuple[str, str]](), set[tuple[str, str]]()
    for payload in BY_TYPE.values():
        schema = dict(schemas.schema_of(payload))
        released = json.loads((EVENTS / f"schemas/released/{payload.TYPE}.json").read_text())
        there |= fields_of(schema, payload.TYPE)
        kept |= fields_of(released, payload.TYPE)
        for example in map(json.loads, (path.read_text() for path in EXAMPLES)):
            if example["type"] == payload.TYPE:
                kept |= set(met(example["data"], schema, schema, payload.TYPE))
    assert there - kept == set(), "add an example (and it to INDEX) that holds these"


def fields_of(schema: Schema, name: str) -> set[tuple[str, str]]:
    """Return each field of a payload and of the parts it is made of, with the part's name."""
    parts = {name: schema, **schema.get("$defs", {})}
    return {(part, field) for part, of in parts.items() for field in of.get("properties", {})}


def met(data: Any, schema: Schema, root: Schema, name: str) -> Iterator[tuple[str, str]]:
    """Yield the fields that `data` holds, at whatever depth."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = root["$defs"][name]
    for other in schema.get("anyOf", ()):
        yield from met(data, other, root, name)
    fields = schema.get("properties", {})
    if isinstance(data, dict):
        for field, value in data.items():
            if field in fields:
                yield name, field
            yield from met(
                value, fields.get(field, schema.get("additionalProperties", {})), root, name
            )
    elif isinstance(data, list):
        for value in data:
            yield from met(value, schema.get("items", {}), root, name)


def test_examples_are_only_ever_added() -> None:
    index = (EVENTS / "examples" / "INDEX").read_text().split()
    kept = dict(zip(index[1::2], index[::2], strict=True))
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in EXAMPLES}
    assert {name: found.get(name) for name in kept} == kept, "an example was changed or removed"
    assert set(found) == set(kept), "add new examples to INDEX (sha256sum *.json > INDEX)"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_unknown_field_is_ignored_and_a_missing_one_is_poison(path: Path) -> None:
    example = json.loads(path.read_text())
    payload = BY_TYPE[example["type"]]
    value, headers = record(example | {"data": example["data"] | {"from_the_future": {"a": 1}}})
    assert codec.decode(payload, value=value, headers=headers).payload.model == "fraud"
    del example["data"]["model"]
    value, headers = record(example)
    with pytest.raises(Poison, match="model"):
        codec.decode(payload, value=value, headers=headers)


@pytest.mark.parametrize("path", sorted((EVENTS / "schemas/released").glob("*.json")))
def test_no_released_schema_is_broken(path: Path) -> None:
    released = json.loads(path.read_text())
    payload = BY_TYPE[path.stem]
    assert breaking_changes(released, dict(schemas.schema_of(payload))) == []


def test_every_type_is_released() -> None:
    assert {p.stem for p in (EVENTS / "schemas/released").glob("*.json")} == set(BY_TYPE)
