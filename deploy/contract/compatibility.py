"""Does a schema break the released one? Both directions, because both are real.

*backward*: a message of the released schema must satisfy the new one (senders that were not changed, records still kept).
*forward*: a message of the new schema must be understood by a reader of the released one (readers that were not changed).
What remains is adding optional properties and better texts; anything else is a new version of the type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems"}
_UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems"}
_TEXTS = {"description", "examples", "$schema", "$id", "$defs", "title"}
_OWN_RULE = {
    "type",
    "$ref",
    "anyOf",
    "properties",
    "required",
    "enum",
    "const",
    "items",
    "default",
    "pattern",
}
_HANDLED = _LOWER | _UPPER | _TEXTS | _OWN_RULE | {"x-personal-data"}


@dataclass(frozen=True, slots=True)
class Break:
    """One incompatibility: the type, where, which rule, and for whom."""

    type: str
    path: str
    rule: str
    direction: str
    detail: str = ""

    def __str__(self) -> str:
        tail = f": {self.detail}" if self.detail else ""
        return f"{self.type} {self.path or '(whole body)'}: {self.rule} ({self.direction}){tail}"


Found = Iterator[tuple[str, str, str, str]]  # path, rule, direction, detail


def breaks(released: Mapping[str, Schema], current: Mapping[str, Schema]) -> list[Break]:
    """All breaks of `current` against `released`, both by full type. A new type breaks nothing."""
    found = [Break(name, "", "type removed", "both") for name in sorted(released.keys() - current.keys())]
    for name in sorted(released.keys() & current.keys()):
        old, new = released[name], current[name]
        found += [Break(name, *row) for row in _compare(_Side(old), _Side(new), old, new, "", 0)]
    return found


class _Side:
    """One of the two schemas, with its definitions."""

    def __init__(self, root: Schema) -> None:
        self._defs: Mapping[str, Schema] = root.get("$defs", {})

    def resolve(self, schema: Schema) -> Schema:
        while ref := schema.get("$ref"):
            schema = {**self._defs[ref.rsplit("/", 1)[1]], **{k: v for k, v in schema.items() if k != "$ref"}}
        return schema

    def alternatives(self, schema: Schema) -> dict[str, Schema]:
        """The schema's alternatives by JSON type; `""` where it names none."""
        schema = self.resolve(schema)
        branches = schema.get("anyOf", [])
        if not branches or "type" in schema:
            return {schema.get("type", ""): schema}
        found: dict[str, Schema] = {}
        for branch in branches:
            found |= self.alternatives(branch)
        return found


def _compare(a: _Side, b: _Side, old: Schema, new: Schema, path: str, depth: int) -> Found:
    if depth > 20:  # a recursive model: its levels are alike
        return
    yield from _default(a.resolve(old), b.resolve(new), path)
    before, after = a.alternatives(old), b.alternatives(new)
    for kind in sorted(before.keys() - after.keys()):
        yield path, "type narrowed", "backward", f"no longer {kind or 'anything'}"
    for kind in sorted(after.keys() - before.keys()):
        yield path, "type widened", "forward", f"now also {kind or 'anything'}"
    for kind in sorted(before.keys() & after.keys()):
        one, other = before[kind], after[kind]
        yield from _constraints(one, other, path)
        yield from _properties(a, b, one, other, path, depth)
        if "items" in one and "items" in other:
            yield from _compare(a, b, one["items"], other["items"], f"{path}[]", depth + 1)
        elif "items" in one or "items" in other:
            yield path, "items changed", "both", ""


def _default(old: Schema, new: Schema, path: str) -> Found:
    if "default" in old and "default" in new and old["default"] != new["default"]:
        yield path, "default changed", "both", f"{old['default']!r} to {new['default']!r}"


def _properties(a: _Side, b: _Side, old: Schema, new: Schema, path: str, depth: int) -> Found:
    before, after = old.get("properties", {}), new.get("properties", {})
    must, has_to = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(before.keys() - after.keys()):
        yield _join(path, name), "property removed", "forward", ""
    for name in sorted(has_to - must):
        yield _join(path, name), "required added", "backward", ""
    for name in sorted((must - has_to) & after.keys()):
        yield _join(path, name), "required dropped", "forward", ""
    for name in sorted(before.keys() & after.keys()):
        yield from _compare(a, b, before[name], after[name], _join(path, name), depth + 1)


def _constraints(old: Schema, new: Schema, path: str) -> Found:
    yield from _values(old, new, path)
    yield from _pattern(old, new, path)
    yield from _bounds(old, new, path)
    for key in sorted((old.keys() | new.keys()) - _HANDLED):
        if old.get(key) != new.get(key):
            yield path, f"{key} changed", "both", f"{old.get(key)!r} to {new.get(key)!r}"
    if old.get("x-personal-data") and not new.get("x-personal-data"):
        yield path, "personal data unmarked", "forward", str(old["x-personal-data"])
    if "type" in old and "type" in new and old.get("anyOf") != new.get("anyOf"):
        yield path, "condition changed", "both", ""


def _values(old: Schema, new: Schema, path: str) -> Found:
    before, after = _allowed(old), _allowed(new)
    if before is None and after is None:
        return
    if before is None or (after is not None and before - after):
        gone = sorted(before - after) if before is not None and after is not None else []
        yield path, "enum narrowed", "backward", ", ".join(gone) or "now an enum"
    if after is None or (before is not None and after - before):
        added = sorted(after - before) if before is not None and after is not None else []
        yield path, "enum widened", "forward", ", ".join(added) or "no longer an enum"


def _allowed(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {str(schema["const"])}
    return {str(value) for value in schema["enum"]} if "enum" in schema else None


def _pattern(old: Schema, new: Schema, path: str) -> Found:
    before, after = old.get("pattern"), new.get("pattern")
    if before == after:
        return
    if before is None:
        yield path, "pattern tightened", "backward", f"now {after}"
    elif after is None:
        yield path, "pattern loosened", "forward", f"was {before}"
    else:  # whether one includes the other is not decided here: taken for both
        yield path, "pattern changed", "both", f"{before} to {after}"


def _bounds(old: Schema, new: Schema, path: str) -> Found:
    for key in sorted(_LOWER | _UPPER):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        sign = 1 if key in _LOWER else -1
        tighter = before is None or (after is not None and (after - before) * sign > 0)
        rule, direction = (f"{key} tightened", "backward") if tighter else (f"{key} loosened", "forward")
        yield path, rule, direction, f"{before} to {after}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
