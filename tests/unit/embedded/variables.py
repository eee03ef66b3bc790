"""The variables of the environment that the services and the stack read."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from evermodel.common import settings as common

ROOT = Path(__file__).parents[3]


def known_variables() -> set[str]:
    """Return the environment variables of every settings class of the services and of common."""
    shared = [f"{common.__name__}.{module.name}" for module in iter_modules(common.__path__)]
    modules = [*shared, "evermodel.embedded.settings"]
    found = sorted(ROOT.glob("services/*/src/evermodel/*/settings.py"))
    modules += [f"evermodel.{path.parent.name}.settings" for path in found]
    names: set[str] = set()
    for module in modules:
        for value in vars(import_module(module)).values():
            if isinstance(value, type) and issubclass(value, BaseSettings):
                names |= set(variables_of(value))
    return names


def variables_of(settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix") or ""
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            yield from (choice for choice in alias.choices if isinstance(choice, str))
        else:
            yield str(alias or f"{prefix}{name}").upper()
