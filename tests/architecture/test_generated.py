"""Generated pages and schemas are what the code says, and a broken promise is noticed."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from docs.build import events, model, schemas, settings
from docs.build.__main__ import generated, stale
from docs.build.compatibility import Schema, breaking_changes
from evermodel.common.events.drift import DriftDetected
from evermodel.common.events.payload import Payload


def test_nothing_generated_is_stale() -> None:
    assert stale() == []


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    for path, text in generated().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "docs/events.md").write_text("by hand\n")
    assert stale(tmp_path) == [Path("docs/events.md")]


def undescribed(page: str) -> list[str]:
    """Return the rows of a generated page whose last column, the meaning, is empty."""
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows
    return [row for row in rows if not row.rstrip().removesuffix("|").rpartition(" | ")[2].strip()]


def test_every_key_of_a_model_description_says_what_it_means() -> None:
    assert undescribed(model.page()) == []


def test_every_field_of_an_event_says_what_it_means() -> None:
    _, _, fields = events.page().partition("| field | type | meaning |")
    assert undescribed(fields) == []


def test_a_key_without_a_meaning_is_named() -> None:
    page = "| `window` | `7d` | For learning. |\n| `seed` | `7` |  |\n| `a \\| b` | x |  |\n"
    assert undescribed(page) == ["| `seed` | `7` |  |", "| `a \\| b` | x |  |"]


ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_says_what_it_means() -> None:
    assert undescribed(settings.page()) == []


def rows(page: str) -> set[str]:
    return {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}


def named(root: Path) -> dict[Path, set[str]]:
    """Return the modules of `root` that declare settings, each with the variables it names."""
    modules = (path for pattern in ("*/src", "*/*/src") for path in root.glob(f"{pattern}/**/*.py"))
    found = {
        module.relative_to(root): set(re.findall(r'validation_alias="(\w+)"', module.read_text()))
        for module in modules
    }
    return {module: variables for module, variables in found.items() if variables}


def without_row(root: Path, page: str) -> list[str]:
    """Return each variable that a module of `root` names and that has no row in `page`."""
    return [
        f"{variable} of {module}"
        for module, variables in named(root).items()
        for variable in sorted(variables - rows(page))
    ]


def test_every_variable_that_a_settings_module_names_has_a_row() -> None:
    assert without_row(ROOT, settings.page()) == []
    assert {"EVERMODEL_SPARES", "EVERMODEL_SECURITY", "EVERMODEL_CACHE"} <= rows(settings.page())


def test_only_settings_declare_settings() -> None:
    modules = {module.with_suffix("").parts for module in named(ROOT)}
    assert [module for module in modules if "settings" not in module[-2:]] == []
    assert {"http", "kafka", "loop", "places"} <= {module[-1] for module in modules}
    assert len([module for module in modules if module[-1] == "settings"]) == 7


@pytest.mark.parametrize("module", ["settings.py", "settings/odd.py", "deep/settings/odd.py"])
def test_a_variable_without_a_row_is_named(tmp_path: Path, module: str) -> None:
    planted = tmp_path / "libs/odd/src/evermodel/odd" / module
    planted.parent.mkdir(parents=True)
    planted.write_text('X = Field(validation_alias="EVERMODEL_ODD")\n')
    assert without_row(tmp_path, settings.page()) == [
        f"EVERMODEL_ODD of libs/odd/src/evermodel/odd/{module}"
    ]


def test_every_class_that_reads_the_environment_is_on_the_page() -> None:
    def below(group: type[BaseSettings]) -> set[type[BaseSettings]]:
        return {group, *(found for sub in group.__subclasses__() for found in below(sub))}

    page = settings.page()
    ours = {g for g in below(BaseSettings) if g.__module__.startswith("evermodel.")}
    for group in ours:
        for name, field in settings.own_fields(group):
            assert f"| `{settings.variable_of(group, name, field)}` |" in page, (group, name)


def test_no_default_of_a_secret_is_shown() -> None:
    class Leaky(BaseSettings):
        """It has one."""

        token: SecretStr = Field(default=SecretStr("hunter2"), description="It opens the door.")
        other: SecretStr | None = Field(default=SecretStr("hunter3"), description="Another.")

    section = settings.section("Leaky", Leaky, "Read by a test.")
    assert "hunter" not in section
    assert "| `TOKEN` | secret | none | It opens the door. |" in section
    assert "| `OTHER` | secret | none | Another. |" in section


@pytest.fixture
def schema() -> Schema:
    return deepcopy(dict(schemas.schema_of(DriftDetected)))


def _new_field(new: Schema) -> None:
    new["properties"]["mood"] = {"type": "string"}


def _new_value(new: Schema) -> None:
    new["properties"]["severity"]["enum"].append("alarm")


def _other_words(new: Schema) -> None:
    new["description"] = new["properties"]["rows"]["title"] = "Told otherwise."


@pytest.mark.parametrize("change", [_new_field, _new_value, _other_words])
def test_what_old_readers_and_kept_events_bear_may_change(
    schema: Schema, change: Callable[[Schema], None]
) -> None:
    new = deepcopy(schema)
    change(new)
    assert new != schema
    assert breaking_changes(schema, new) == []


def _remove(new: Schema) -> None:
    del new["properties"]["reason"]


def _require(new: Schema) -> None:
    new["properties"]["mood"] = {"type": "string"}
    new["required"].append("mood")


def _release(new: Schema) -> None:
    new["required"].remove("rows")


def _narrow(new: Schema) -> None:
    new["properties"]["severity"]["enum"].remove("watch")


def _enumerate(new: Schema) -> None:
    new["properties"]["reason"]["enum"] = ["drift"]


def _deep(new: Schema) -> None:
    del new["$defs"]["FeatureEvidence"]["properties"]["effect"]


def _untie(new: Schema) -> None:
    del new["properties"]["evidence"]["items"]


@pytest.mark.parametrize(
    "change", [_remove, _require, _release, _narrow, _enumerate, _deep, _untie]
)
def test_a_planted_breaking_change_is_noticed(
    schema: Schema, change: Callable[[Schema], None]
) -> None:
    new = deepcopy(schema)
    change(new)
    assert breaking_changes(schema, new) != []


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("type", "string"),
        ("const", 7),
        ("minLength", 3),
        ("maxLength", 3),
        ("pattern", "^a"),
        ("format", "uri"),
        ("minimum", 5),
        ("maximum", 5),
        ("exclusiveMinimum", 0),
        ("exclusiveMaximum", 9),
        ("multipleOf", 10),
        ("minItems", 1),
        ("maxItems", 1),
        ("uniqueItems", True),
        ("minProperties", 1),
        ("dependentRequired", {"rows": ["reason"]}),
        ("default", 7),
        ("items", {"type": "string"}),
        ("additionalProperties", False),
        ("propertyNames", {"pattern": "^a"}),
        ("anyOf", [{"type": "integer"}, {"type": "null"}]),
        ("if", {"minimum": 5}),
        ("a keyword of the next draft", 1),
    ],
)
def test_no_keyword_may_appear_change_or_go(schema: Schema, keyword: str, value: object) -> None:
    new = deepcopy(schema)
    new["properties"]["rows"][keyword] = value
    assert breaking_changes(schema, new) != []
    assert breaking_changes(new, schema) != []


@pytest.mark.parametrize("payload", schemas.payloads(), ids=lambda payload: payload.TYPE)
def test_whatever_is_taken_out_of_a_schema_is_noticed(payload: type[Payload]) -> None:
    """Every keyword, field and alternative of every schema, one at a time."""
    whole = dict(schemas.schema_of(payload))
    for path in places(whole):
        new = deepcopy(whole)
        node: Any = new
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]
        assert breaking_changes(whole, new) != [], path


def places(node: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each part of a schema lies that is not words, a name or a definition as a whole."""
    named = path[-1:] == ("properties",)
    if isinstance(node, dict):
        for key, value in node.items():
            words = key in {"title", "description", "$id", "$schema", "$defs"} and not named
            if not words and path != ("$defs",):
                yield (*path, key)
            if key not in {"enum", "required"} or named:
                yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield (*path, index)
            yield from places(value, (*path, index))
