"""``docs/model-description.md``: every table and key of ``model.toml``."""

from datetime import timedelta

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.build.markdown import cell
from evermodel.common.kernel.durations import format_duration
from evermodel.common.models.description import ColumnContract, ModelDescription
from evermodel.common.models.values import Section

_HEAD = """# `model.toml`

One file describes a model. This page is made from the classes that read it (`make docs`); a key
that is wrong is answered with the file, the line, the key and what was expected. Only keys marked
**required** have no default. Durations are written `"7d"`, `"30m"`, `"1h 30m"`.
`evermodel init --data FILE` writes a first one from your data.
"""


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for name, field in ModelDescription.model_fields.items():
        if name == "quality":
            parts.append(_table("quality.<column>", ColumnContract))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            parts.append(_table(name, field.annotation))
    return "".join(parts)


def _table(name: str, section: type[Section]) -> str:
    doc = " ".join((section.__doc__ or "").split())
    rows = [f"\n## `[{name}]`\n\n{doc}\n\n| key | default | meaning |\n|---|---|---|\n"]
    rows += [
        f"| `{key}` | {_default(field)} | {cell(field.description)} |\n"
        for key, field in section.model_fields.items()
    ]
    return "".join(rows)


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "**required**"
    if value is None:
        return "absent"
    if isinstance(value, timedelta):
        return f'`"{format_duration(value)}"`'
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f"`{value!r}`".replace("'", '"')
