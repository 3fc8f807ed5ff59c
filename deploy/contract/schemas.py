"""JSON Schema (draft 2020-12) of every message type, generated from its model."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from shared.contracts.topics import TYPES, TypeSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def schema_of(spec: TypeSpec) -> Schema:
    """The schema of one type's body as it stands on the wire: descriptions in both languages, `x-personal-data` where it holds."""
    generated = spec.model.model_json_schema(mode="validation")
    _drop_titles(generated)
    head: Schema = {"$schema": DIALECT, "$id": f"urn:gongji:schema:{spec.full}", "title": spec.full}
    return head | generated


@cache
def all_schemas() -> dict[str, Schema]:
    """Schemas by full type, in the order of the registry."""
    return {spec.full: schema_of(spec) for spec in TYPES.values()}


def text(document: Any) -> str:
    """The committed form of a JSON document."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _drop_titles(node: Any) -> None:
    """pydantic names every property in a title; that says nothing and changes with every rename."""
    for child in _children(node):
        child.pop("title", None)
        _drop_titles(child)
    if isinstance(node, dict):
        node.pop("title", None)


def _children(schema: Schema) -> Iterator[Schema]:
    """Direct subschemas."""
    for group in ("properties", "$defs"):
        yield from schema.get(group, {}).values()
    for group in ("anyOf", "allOf", "oneOf", "prefixItems"):
        yield from schema.get(group, [])
    if isinstance(schema.get("items"), dict):
        yield schema["items"]
