"""``docs/settings.md``: every variable of the environment that a process of ours reads."""

from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from docs.build.markdown import cell
from evermodel.common.settings.http import HealthSettings, HttpSettings
from evermodel.common.settings.kafka import KafkaSettings
from evermodel.common.settings.loop import LoopSettings
from evermodel.common.settings.places import (
    ConfigRepositorySettings,
    LakeSettings,
    MlflowSettings,
    ModelsSettings,
    WorkSettings,
)
from evermodel.console.settings import Settings as Console
from evermodel.deployer.settings import Settings as Deployer
from evermodel.drift.settings import Settings as Drift
from evermodel.embedded.settings import CacheSettings, FixtureSettings, StackSettings
from evermodel.registrar.settings import Settings as Registrar
from evermodel.scorer.settings import Settings as Scorer
from evermodel.trainer.settings import Settings as Trainer

_HEAD = """# Settings

This page is made from the classes that read the environment (`make docs`). A variable that is
empty counts as unset in every service; one that cannot be used ends the process with exit code 2,
its name and a sentence, and `evermodel up` with it. What is particular to a model stands in its
[model.toml](model-description.md) instead. `evermodel up` and the demo hand the variables that you
set on to the processes that they start.

Besides, `XDG_CACHE_HOME` moves the user's cache folder, and MLflow's client reads its own
variables (`MLFLOW_…`).
"""

SERVICES: dict[str, type[BaseSettings]] = {
    "scorer": Scorer,
    "drift service": Drift,
    "trainer": Trainer,
    "registrar": Registrar,
    "deployer": Deployer,
    "console": Console,
}
_GROUPS: dict[str, type[BaseSettings]] = {
    "Kafka": KafkaSettings,
    "Health and logs": HealthSettings,
    "Who may ask": HttpSettings,
    "The loop": LoopSettings,
    "Models": ModelsSettings,
    "The lake": LakeSettings,
    "MLflow": MlflowSettings,
    "The config repository": ConfigRepositorySettings,
    "Scratch space": WorkSettings,
}
_STACK: dict[str, type[BaseSettings]] = {
    "The stack on one machine": StackSettings,
    "What it fetches": CacheSettings,
}
#: What a number counts, by the end of its name; a number of nothing here is a plain count.
_UNITS = {"_seconds": "seconds", "_memory_mb": "MiB", "_rows": "records", "_per_minute": "a minute"}


_WORDS = {bool: r"`true` \| `false`", Path: "path", SecretStr: "secret", str: "text"}


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for title, group in _GROUPS.items():
        parts.append(section(title, group, f"Read by {_readers(group)}."))
    for name, service in SERVICES.items():
        parts.append(section(f"The {name} alone", service, ""))
    for title, group in _STACK.items():
        parts.append(section(title, group, "Read by `evermodel` itself, for `up` and the demo."))
    parts.append(section("Tests", FixtureSettings, "Read by `make test`."))
    return "".join(parts)


def _readers(group: type[BaseSettings]) -> str:
    names = [n for n, service in SERVICES.items() if group in _reached(service)]
    every = len(names) == len(SERVICES)
    return "every process" if every else " and ".join(f"the {n}" for n in _joined(names))


def _joined(names: list[str]) -> list[str]:
    return [", the ".join(names[:-1]), names[-1]] if names[1:] else names


def _reached(service: type[BaseSettings]) -> set[object]:
    """Return the groups that `service` is made of, or holds."""
    return {*service.__mro__, *(field.annotation for field in service.model_fields.values())}


def section(title: str, group: type[BaseSettings], who: str) -> str:
    """Return the table of what `group` itself reads; nothing where that is nothing."""
    doc = " ".join((group.__doc__ or "").replace("``", "`").split()) if who else ""
    rows = [_row(group, name, field) for name, field in own_fields(group)]
    if not rows:
        return ""
    head = "| variable | value | default | meaning |\n|---|---|---|---|\n"
    words = f"{doc} {who}\n\n" if who else ""
    return f"\n## {title}\n\n{words}{head}{''.join(rows)}"


def own_fields(group: type[BaseSettings]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the fields that `group` itself adds and that hold no group of their own."""
    for name, field in group.model_fields.items():
        if name in group.__annotations__ and not _is_group(field.annotation):
            yield name, field


def _is_group(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseSettings)


def _row(group: type[BaseSettings], name: str, field: FieldInfo) -> str:
    variable, meaning = variable_of(group, name, field), cell(field.description)
    return f"| `{variable}` | {_value(name, field)} | {_default(field)} | {meaning} |\n"


def variable_of(group: type[BaseSettings], name: str, field: FieldInfo) -> str:
    """Return the variable that `field` is read from."""
    if isinstance(field.validation_alias, str):
        return field.validation_alias
    return f"{group.model_config.get('env_prefix', '')}{name}".upper()


def _value(name: str, field: FieldInfo) -> str:
    kinds = _kinds(field)
    for kind in kinds:
        if get_origin(kind) is Literal:
            return r" \| ".join(f"`{choice}`" for choice in get_args(kind))
    for kind, word in _WORDS.items():
        if kind in kinds:
            return word
    number = "whole number" if int in kinds else "number"
    return next((f"{number}, {unit}" for end, unit in _UNITS.items() if name.endswith(end)), number)


def _kinds(field: FieldInfo) -> set[object]:
    """Return the types that the annotation names, None left out."""
    kind = field.annotation
    named = (kind,) if get_origin(kind) is Literal else get_args(kind) or (kind,)
    return set(named) - {NoneType}


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "see there"
    if field.default is PydanticUndefined:
        return "**required**"
    if field.default is None or SecretStr in (field.annotation, *get_args(field.annotation)):
        return "none"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return f"`{field.default}`" if field.default != "" else "none"
