"""The JSON Schema of every payload, as the files that are committed."""

import json
from collections.abc import Mapping
from pathlib import Path

from evermodel.common.events.catalogue import CATALOGUE
from evermodel.common.events.payload import Payload

FOLDER = Path("libs/common/src/evermodel/common/events/schemas")


def payloads() -> list[type[Payload]]:
    """Return every payload of the catalogue once, by type."""
    found = {payload.TYPE: payload for topic in CATALOGUE for payload in topic.payloads}
    return [found[key] for key in sorted(found)]


def schema_of(payload: type[Payload]) -> dict[str, object]:
    """Return the JSON Schema (2020-12) that consumers may rely on.

    Unknown fields are allowed there: a field may be added inside a version.
    """
    schema: dict[str, object] = payload.model_json_schema(mode="serialization")
    _open(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:evermodel:{payload.TYPE}",
        **schema,
    }


def files() -> Mapping[Path, str]:
    """Return the text of each schema file by path."""
    return {
        FOLDER / f"{payload.TYPE}.json": json.dumps(schema_of(payload), indent=2) + "\n"
        for payload in payloads()
    }


def _open(node: object) -> None:
    if isinstance(node, dict):
        if node.get("additionalProperties") is False:
            del node["additionalProperties"]
        for value in node.values():
            _open(value)
    elif isinstance(node, list):
        for value in node:
            _open(value)
