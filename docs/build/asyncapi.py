"""``docs/asyncapi.yaml``: the catalogue as an AsyncAPI 3.0 document."""

from typing import Any

import yaml

from docs.build import schemas
from evermodel.common.events.catalogue import CATALOGUE, Topic
from evermodel.common.events.payload import Payload


def document() -> str:
    """Return the document as YAML."""
    topics = [topic for topic in CATALOGUE if topic.payloads]
    content = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "evermodel",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in Kafka binary mode. Made by `make docs`.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_key(topic): _channel(topic) for topic in topics},
        "operations": _operations(topics),
        "components": {
            "messages": {payload.TYPE: _message(payload) for payload in schemas.payloads()}
        },
    }
    return yaml.safe_dump(content, sort_keys=False, width=100, allow_unicode=True)


def _key(topic: Topic) -> str:
    return topic.name.replace(".", "-")


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.holds,
        "messages": {p.TYPE: {"$ref": f"#/components/messages/{p.TYPE}"} for p in topic.payloads},
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.compacted else "delete"],
                    "retention.ms": -1
                    if topic.retention_seconds is None
                    else topic.retention_seconds * 1000,
                    **({"max.message.bytes": topic.max_message_bytes} if topic.is_wide else {}),
                }
            }
        },
    }


def _operations(topics: list[Topic]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for topic in topics:
        for action, who in (("send", topic.producers), ("receive", topic.consumers)):
            for service in who:
                name = f"{service.replace(' ', '-')}-{action}-{_key(topic)}"
                found[name] = {"action": action, "channel": {"$ref": f"#/channels/{_key(topic)}"}}
    return found


def _message(payload: type[Payload]) -> dict[str, Any]:
    return {
        "name": payload.TYPE,
        "title": payload.__name__,
        "summary": " ".join((payload.__doc__ or "").split()),
        "contentType": "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"../{schemas.FOLDER}/{payload.TYPE}.json"},
        },
    }
