"""What a change of a schema breaks, for those who read events and those who kept old ones.

Inside a version a payload may only gain optional fields. Everything else is a new type.
"""

from typing import Any

Schema = dict[str, Any]


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return one sentence for each thing in `new` that breaks a reader or a kept event."""
    return _compare(old, new, old.get("$defs", {}), new.get("$defs", {}), "data")


def _compare(old: Schema, new: Schema, olds: Schema, news: Schema, where: str) -> list[str]:
    old, new = _resolve(old, olds), _resolve(new, news)
    found = [
        f"{where}: {key} changed from {old.get(key)!r} to {new.get(key)!r}"
        for key in ("type", "format", "const", "pattern", "minimum", "maximum", "minLength")
        if old.get(key) != new.get(key)
    ]
    if old.get("enum") != new.get("enum") and set(old.get("enum", ())) - set(new.get("enum", ())):
        found.append(f"{where}: enum lost {sorted(set(old['enum']) - set(new.get('enum', ())))}")
    found += _compare_properties(old, new, olds, news, where)
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            found += _compare(old[key], new[key], olds, news, f"{where}[]")
    for index, (one, other) in enumerate(
        zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False)
    ):
        found += _compare(one, other, olds, news, f"{where}|{index}")
    if len(old.get("anyOf", ())) != len(new.get("anyOf", ())):
        found.append(f"{where}: the alternatives changed")
    return found


def _compare_properties(
    old: Schema, new: Schema, olds: Schema, news: Schema, where: str
) -> list[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    found = [f"{where}.{name}: removed" for name in before if name not in after]
    required_before, required_after = set(old.get("required", ())), set(new.get("required", ()))
    found += [
        f"{where}.{name}: became required; kept events lack it"
        for name in sorted(required_after - required_before)
    ]
    for name in before:
        if name in after:
            found += _compare(before[name], after[name], olds, news, f"{where}.{name}")
    return found


def _resolve(schema: Schema, definitions: Schema) -> Schema:
    reference = schema.get("$ref")
    return definitions[reference.rsplit("/", 1)[1]] if reference else schema
