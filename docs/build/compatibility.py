"""What a change of a schema breaks, for those who read events and those who kept old ones.

Inside a version a payload may gain optional fields, and an enumeration values: a reader that does
not know one yet gives the event to its dead letter. Words may change. Everything else is a new
type, a keyword that this module has never heard of among it: whatever is not named here counts as
broken. A default counts as well: kept events that lack the field would say something else.
"""

from typing import Any

Schema = dict[str, Any]

_WORDS = {"title", "description", "examples", "$comment"}
_IDENTITY = {"$id", "$schema", "$defs"}
_ABSENT = object()


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return one sentence for each thing in `new` that breaks a reader or a kept event."""
    return _Comparison(old.get("$defs", {}), new.get("$defs", {})).compare(old, new, "data")


class _Comparison:
    def __init__(self, olds: Schema, news: Schema) -> None:
        """`olds`, `news`: the definitions that references lead to."""
        self._olds, self._news = olds, news

    def compare(self, old: Schema, new: Schema, where: str) -> list[str]:
        """Compare every keyword of both, and what lies below."""
        old, new = _resolve(old, self._olds), _resolve(new, self._news)
        found = _lost_values(old, new, where)
        for key in sorted((set(old) | set(new)) - _WORDS - _IDENTITY - {"enum", "const"}):
            found += self._compare_keyword(key, old, new, where)
        return found

    def _compare_keyword(self, key: str, old: Schema, new: Schema, where: str) -> list[str]:
        if key == "properties":
            return self._compare_properties(old, new, where)
        if key == "required":
            return _compare_required(old, new, where)
        one, other = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if key in {"items", "additionalProperties", "propertyNames"} and _are(dict, one, other):
            return self.compare(one, other, f"{where}.{key}")
        if key in {"anyOf", "oneOf", "allOf", "prefixItems"} and _are(list, one, other):
            return self._compare_alternatives(one, other, f"{where}.{key}")
        return [] if one == other else [f"{where}: {key} {_changed(one, other)}"]

    def _compare_properties(self, old: Schema, new: Schema, where: str) -> list[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        found = [f"{where}.{name}: removed" for name in before if name not in after]
        for name in before.keys() & after.keys():
            found += self.compare(before[name], after[name], f"{where}.{name}")
        return sorted(found)

    def _compare_alternatives(self, old: list[Any], new: list[Any], where: str) -> list[str]:
        if len(old) != len(new):
            return [f"{where}: {len(old)} alternatives became {len(new)}"]
        pairs = zip(old, new, strict=True)
        return [s for n, (a, b) in enumerate(pairs) for s in self.compare(a, b, f"{where}[{n}]")]


def _compare_required(old: Schema, new: Schema, where: str) -> list[str]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    became = [f"{where}.{n}: became required; kept events lack it" for n in after - before]
    ceased = [f"{where}.{n}: may be missing; readers rely on it" for n in before - after]
    return sorted(became + ceased)


def _lost_values(old: Schema, new: Schema, where: str) -> list[str]:
    """Compare ``enum`` and ``const``, which is an enumeration of one; values may be gained."""
    before, after = _values(old), _values(new)
    if before is None and after is None:
        return []
    if before is None or after is None:
        return [f"{where}: enum {_changed(before, after)}"]
    lost = [value for value in before if value not in after]
    return [f"{where}: enum lost {lost}"] if lost else []


def _values(schema: Schema) -> list[Any] | None:
    values: list[Any] | None = schema.get("enum")
    return [schema["const"]] if "const" in schema else values


def _resolve(schema: Schema, definitions: Schema) -> Schema:
    """Follow a reference; what stands beside it counts as well."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**definitions[reference.rsplit("/", 1)[1]], **beside}


def _are(kind: type, *values: object) -> bool:
    return all(isinstance(value, kind) for value in values)


def _changed(one: object, other: object) -> str:
    before, after = ("nothing" if v is _ABSENT or v is None else repr(v) for v in (one, other))
    return f"changed from {before} to {after}"
