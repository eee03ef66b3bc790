"""Generated pages and schemas are what the code says, and a broken promise is noticed."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from docs.build import schemas
from docs.build.__main__ import generated, stale
from docs.build.compatibility import Schema, breaking_changes
from evermodel.common.events.drift import DriftDetected


def test_nothing_generated_is_stale() -> None:
    assert stale() == []


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    for path, text in generated().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "docs/events.md").write_text("by hand\n")
    assert stale(tmp_path) == [Path("docs/events.md")]


@pytest.fixture
def schema() -> Schema:
    return deepcopy(dict(schemas.schema_of(DriftDetected)))


def test_an_optional_field_may_be_added(schema: Schema) -> None:
    new = deepcopy(schema)
    new["properties"]["mood"] = {"type": "string"}
    assert breaking_changes(schema, new) == []


def _remove(new: Schema) -> None:
    del new["properties"]["reason"]


def _retype(new: Schema) -> None:
    new["properties"]["rows"]["type"] = "string"


def _require(new: Schema) -> None:
    new["properties"]["mood"] = {"type": "string"}
    new["required"].append("mood")


def _narrow(new: Schema) -> None:
    new["properties"]["severity"]["enum"].remove("watch")


def _deep(new: Schema) -> None:
    del new["$defs"]["FeatureEvidence"]["properties"]["effect"]


@pytest.mark.parametrize("change", [_remove, _retype, _require, _narrow, _deep])
def test_a_planted_breaking_change_is_noticed(
    schema: Schema, change: Callable[[Schema], None]
) -> None:
    new = deepcopy(schema)
    change(new)
    assert breaking_changes(schema, new) != []
