"""The golden examples of events, the types that they are of, and each as a Kafka record."""

import json
from pathlib import Path

from docs.build import schemas

EVENTS = Path(__file__).resolve().parents[3] / "libs/common/src/evermodel/common/events"
EXAMPLES = sorted((EVENTS / "examples").glob("*.json"))
BY_TYPE = {payload.TYPE: payload for payload in schemas.payloads()}


def record(example: dict[str, object]) -> tuple[bytes, list[tuple[str, bytes | None]]]:
    """The example as value and headers of a Kafka record."""
    data = json.dumps(example["data"]).encode()
    context = {k: str(v) for k, v in example.items() if k not in {"data", "datacontenttype"}}
    return data, [(f"ce_{key}", value.encode()) for key, value in context.items()]
